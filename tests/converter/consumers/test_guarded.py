"""Workers that hang, eat memory, die, lie or print without end: each is named, none hurts us."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from converter.consumers import Consumer, Job, run_guarded
from converter.consumers.guarded import FAILED, MISSING, RAN, REFUSED
from tests.converter.consumers.planted import GOOD, planted

# an argument that no other process here has
SLEEP = f"1000.{os.getpid()}"
# what the worker does where the first input is negative, and how the answer must be named
HABITS = {
    "hangs": ("while True: pass", FAILED, "did not end within 5 s"),
    "waits for a child that hangs": (
        f"import subprocess; subprocess.run(['sleep', '{SLEEP}'])",
        FAILED,
        "did not end within 5 s",
    ),
    "eats memory": (
        "kept = [np.empty(2**28, np.uint8) for _ in range(100)]",
        REFUSED,
        "MemoryError",
    ),
    "exits": ("import os; os._exit(7)", FAILED, "its process ended with 7"),
    "crashes": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", FAILED, "SIGSEGV"),
    "raises": ("raise KeyError('l0_n2')", REFUSED, "KeyError: 'l0_n2' (planted_worker.py:5)"),
    "prints a lot and dies": (
        "import os; [os.write(1, b'word ' * 10000) for _ in range(2000)]; os._exit(3)",
        FAILED,
        "ended with 3: ...",
    ),
    "answers with objects": ("return {'n': np.array([object()])}, x", REFUSED, "TypeError"),
    "answers with nothing": ("return None", REFUSED, "TypeError"),
    "answers with words": ("return {'n': x}, np.array(['a'])", REFUSED, "ValueError"),
    "writes a file without end": (
        "with open('long', 'wb') as stream: stream.truncate(2**33)",
        REFUSED,
        "OSError",
    ),
    "forges an answer": (
        (
            "import pathlib, os; [(p / 'done.npz').write_bytes(b'PK lies') for p in "
            "pathlib.Path('.').glob('0*')]; os._exit(0)"
        ),
        FAILED,
        "wrote garbage",
    ),
}


@pytest.fixture(autouse=True)
def of_this_test(tmp_path, monkeypatch):
    """Jobs lie where their processes can be told from others by their arguments."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "any.onnx"  # whose bytes are handed on unread
    path.write_bytes(b"")
    return path


def descendants() -> set[str]:
    """Command lines of running processes that a worker started or is."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has just ended
        if tempfile.gettempdir() in words or SLEEP in words:
            found.add(words)
    return found


def inputs(first: float) -> np.ndarray:
    x = np.linspace(0.0, 1.0, 24).reshape(2, 4, 3)
    x[0, 0, 0] = first
    return x


def test_every_job_is_answered_in_order(file, tmp_path) -> None:
    told = []
    jobs = [Job(file, inputs(0.1 * n)) for n in range(4)]
    answers = run_guarded(planted(tmp_path, GOOD), jobs, seconds=60, done=told.append)
    assert [each.state for each in answers] == [RAN] * 4
    assert told[-1] == 4
    for job, each in zip(jobs, answers, strict=True):
        assert np.array_equal(each.spikes["n"], (job.x > 0.5).astype(np.uint8))
        assert np.array_equal(each.output, job.x.sum(-1, keepdims=True))


@pytest.mark.parametrize("habit", HABITS)
def test_a_bad_habit_is_named_and_costs_its_own_job_only(habit, file, tmp_path) -> None:
    act, state, said = HABITS[habit]
    source = GOOD.replace("    return {", f"    if x.min() < 0:\n        {act}\n    return {{")
    jobs = [Job(file, inputs(first)) for first in (0.0, -1.0, 0.2)]
    # a worker's start alone takes seconds where a machine is busy
    seconds = 5 if "hang" in habit else 60
    found = run_guarded(planted(tmp_path, source), jobs, seconds=seconds, most_bytes=2**31)
    assert found[1].state == state, found[1].reason
    assert said in found[1].reason
    assert len(found[1].reason) < 500
    # a forger spoils what others wrote as well; nobody else does
    others = [FAILED] * 2 if "forges" in habit else [RAN] * 2
    assert [found[0].state, found[2].state] == others
    assert descendants() == set()


def test_what_never_answers_is_given_up(file, tmp_path) -> None:
    jobs = [Job(file, inputs(0.0)) for _ in range(9)]
    answers = run_guarded(planted(tmp_path, "import os; os._exit(5)"), jobs, seconds=60)
    assert [each.state for each in answers] == [FAILED] * 9
    assert "ended with 5" in answers[0].reason
    assert "not tried" in answers[8].reason


def test_a_library_that_is_not_there_is_missing_with_the_command(file, tmp_path) -> None:
    absent = Consumer("no", "no_such_module", "0", "portable", "", "pip install no")
    (answer,) = run_guarded(absent, [Job(file, inputs(0.0))])
    assert (answer.state, answer.reason) == (MISSING, "not installed: pip install no")
    assert answer.spikes == {}


def test_an_interrupt_ends_the_process(file, tmp_path) -> None:
    seen = []

    def interrupted(count: int) -> None:
        seen.append(descendants())
        if seen[-1]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_guarded(
            planted(tmp_path, "while True: pass"), [Job(file, inputs(0.0))], done=interrupted
        )
    assert len(seen[-1]) == 1
    assert descendants() == set()
