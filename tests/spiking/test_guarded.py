"""However a command ends, the caller goes on and knows."""

import sys
import time

import pytest

from spiking.guarded import ended


def run(tmp_path, program, **limits) -> str:
    return ended([sys.executable, "-c", program], tmp_path, **limits)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("print('fine')", ""),
        ("import sys; print('no room'); sys.exit(3)", "its process ended with 3: ...no room"),
        ("import os; os.kill(os.getpid(), 11)", "its process ended with -11: ..."),
    ],
)
def test_the_end_is_told(tmp_path, program, words) -> None:
    assert run(tmp_path, program) == words


def test_a_command_that_hangs_is_stopped_with_all_that_it_started(tmp_path) -> None:
    program = (
        "import subprocess, sys, time;"
        "code = 'import time, pathlib; time.sleep(2); pathlib.Path(\"alive\").touch()';"
        "subprocess.Popen([sys.executable, '-c', code]); time.sleep(60)"
    )
    assert "did not end within 0.5 s" in run(tmp_path, program, seconds=0.5)
    time.sleep(2.5)
    assert not (tmp_path / "alive").exists()


def test_its_environment_is_laid_over_ours(tmp_path) -> None:
    program = "import os, sys; sys.exit(os.environ['SUBSPIKE_TRIAL'] != 'yes')"
    assert run(tmp_path, program, environment={"SUBSPIKE_TRIAL": "yes"}) == ""
