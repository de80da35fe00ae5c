"""A process is run within limits, and how it ended is said."""

import sys
import time

from converter.consumers.process import Limits, run_limited


def ran(tmp_path, source: str, *, seconds: float = 30.0, progress=lambda: 0) -> str:
    command = [sys.executable, "-c", source]
    limits = Limits(seconds, 2**31)
    return run_limited(command, limits=limits, place=tmp_path, progress=progress)


def test_how_it_ended_is_said_with_its_last_words(tmp_path) -> None:
    assert ran(tmp_path, "print('well')") == ""
    said = ran(tmp_path, "print('x' * 999, 'at last', flush=True); raise SystemExit(4)")
    assert said.startswith("its process ended with 4: ...")
    assert said.endswith("x at last")
    assert len(said) < 350
    assert ran(tmp_path, "import os; os.kill(os.getpid(), 9)") == (
        "its process ended with SIGKILL: ..."
    )


def test_only_standing_still_is_stopped(tmp_path) -> None:
    ticks = iter(range(1000))
    busy = "import time; time.sleep(1.0)"
    assert ran(tmp_path, busy, seconds=0.3, progress=lambda: next(ticks)) == ""
    start = time.monotonic()
    assert "did not end within 0.3 s" in ran(tmp_path, busy, seconds=0.3)
    assert time.monotonic() - start < 0.9
