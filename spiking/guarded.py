"""A command in a process of its own, which may hang, eat memory or print without end."""

from __future__ import annotations

import collections
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

SECONDS = 300.0
# address space, of which torch and jax claim several GiB before they do anything
MOST_BYTES = 16 * 2**30
LAST_WORDS = 300
_POLL = 0.05


def ended(
    command: Sequence[str],
    place: Path,
    *,
    seconds: float = SECONDS,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[], int] = lambda: 0,
) -> str:
    """Run `command` in the folder `place`; how it ended, "" for well, with its last words.

    seconds      without progress, after which it and all that it started are killed
    environment  laid over this process's own
    progress     a number that grows while it gets on; without one, `seconds` is all it has
    """
    process = subprocess.Popen(  # noqa: S603 - a program that our own tables name
        list(command),
        cwd=place,
        env=os.environ | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    said = _Tail(process.stdout)
    try:
        in_time = _wait(process.pid, seconds, progress)
    finally:
        # before the process is reaped, so that its number is still its own
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    words = said.text()
    if not in_time:
        return f"did not end within {seconds:g} s and was stopped"
    return "" if code == 0 else f"its process ended with {_named(code)}: ...{words}"


def _wait(pid: int, seconds: float, progress: Callable[[], int]) -> bool:
    """Whether the process ended by itself; it is not reaped yet."""
    seen, since = progress(), time.monotonic()
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(_POLL)
        now = progress()
        if now != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() - since > seconds:
            return False
    return True


def _named(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return str(code)


class _Tail:
    """The last words of a stream, which is read to its end whatever it says."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._kept: collections.deque[bytes] = collections.deque(maxlen=64)
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: Any) -> None:
        with stream:
            while block := stream.read1(4096):
                self._kept.append(block)

    def text(self) -> str:
        """Once the process and its group are gone; what fled from the group is not waited for."""
        self._thread.join(timeout=1.0)
        return " ".join(b"".join(self._kept)[-LAST_WORDS:].decode(errors="replace").split())
