"""A command in a process of its own with limits; whatever it does, the caller goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

SECONDS = 300.0
# address space, of which torch and jax claim several GiB before they do anything
MOST_BYTES = 16 * 2**30
LAST_WORDS = 300


def ended(
    command: Sequence[str],
    place: Path,
    *,
    seconds: float = SECONDS,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run `command` in the folder `place`; how it ended, "" for well.

    It and all that it started are killed after `seconds`. What it says goes to `place`/log.txt,
    the end of which is part of the answer.

    environment  laid over this process's own
    """
    log = place / "log.txt"
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - a program that our own tables name
            list(command),
            cwd=place,
            env=os.environ | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"did not end within {seconds:g} s and was stopped"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code == 0:
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - LAST_WORDS))
        said = " ".join(stream.read().decode(errors="replace").split())
    return f"its process ended with {code}: ...{said}"
