"""A process that may hang, eat memory, print without end or leave children: run within limits."""

from __future__ import annotations

import collections
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_POLL = 0.05
_LAST_WORDS = 300


@dataclass(frozen=True)
class Limits:
    """Of a process.

    seconds     without progress
    most_bytes  of its address space, which the process sets itself
    """

    seconds: float
    most_bytes: int


def run_limited(
    command: list[str], *, limits: Limits, place: Path, progress: Callable[[], int]
) -> str:
    """How the process ended, "" for well.

    place     its working directory
    progress  a number that grows while it gets on; when it has not for `limits.seconds`, the
              process and all of its group are killed
    """
    process = subprocess.Popen(  # noqa: S603 - our own worker in an interpreter that we chose
        command,
        cwd=place,
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    said = _Tail(process.stdout)
    try:
        in_time = _wait(process.pid, limits.seconds, progress)
    finally:
        # before the process is reaped, so that its number is still its own
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    words = said.text()
    if not in_time:
        return f"did not end within {limits.seconds:g} s and was stopped"
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
        return " ".join(b"".join(self._kept)[-_LAST_WORDS:].decode(errors="replace").split())
