"""A consumer in a process of its own, with limits on time and memory; whatever it does is named."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import CheckpointError
from spiking.npz import read_npz

from ..nir_graph import PORTABLE_DT
from .consumer import Consumer
from .process import Limits, run_limited

RAN, REFUSED, FAILED, MISSING = "ran", "refused", "failed", "missing"
SECONDS = 300.0
# address space, of which torch and jax claim several GiB before they do anything
MOST_BYTES = 16 * 2**30
_SERVE = Path(__file__).parent / "workers" / "serve.py"
_ROOT = Path(__file__).parents[2]
_REASON = 300
# jobs in a row that end the process; what is left is then given up
_PATIENCE = 2


@dataclass(frozen=True, eq=False)
class Job:
    """A NIR or ONNX file and its inputs.  # x (batch, time, inputs)"""

    file: Path
    x: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a consumer made of a job.

    state   "ran"; "refused" by the library's own error; "failed": it died, hung, or wrote garbage;
            "missing": it is not installed
    reason  why, unless it ran
    spikes  how often every spiking node fired, {"node": (batch, time, neurons) uint8}; of an ONNX
            file {"l0.z": (batch, time, hidden, levels)}, float64 where a spike carries a number;
            empty unless it ran
    output  (batch, time, n)
    """

    state: str
    reason: str
    spikes: dict[str, NDArray[Any]]
    output: NDArray[Any]


def run_guarded(
    consumer: Consumer,
    jobs: Sequence[Job],
    *,
    dt: float = PORTABLE_DT,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
    done: Callable[[int], None] = lambda count: None,
) -> tuple[Answer, ...]:
    """One answer a job, all by one process unless it dies or hangs.

    seconds     for each job; its process and all that it started are then ended, and the next job
                has a new one. Two such jobs in a row, and the rest is given up
    most_bytes  limit of the address space, and of every file that it writes
    done        told how many jobs are answered, now and then
    """
    if consumer.python is None:
        return tuple(no_answer(MISSING, f"not installed: {consumer.command}") for _ in jobs)
    with tempfile.TemporaryDirectory(prefix="subspike-") as place:
        folders = [Path(place) / f"{index:04d}" for index in range(len(jobs))]
        for job, folder in zip(jobs, folders, strict=True):
            folder.mkdir()
            shutil.copyfile(job.file, folder / f"graph{job.file.suffix}")
            np.save(folder / "x.npy", np.asarray(job.x, dtype=np.float64))
        endings = _serve(consumer, folders, dt, Limits(seconds, most_bytes), done)
        return tuple(_answer(folder, endings.get(folder, "")) for folder in folders)


def _serve(
    consumer: Consumer,
    folders: list[Path],
    dt: float,
    limits: Limits,
    done: Callable[[int], None],
) -> dict[Path, str]:
    """Let workers fill the folders; says how the process ended at those that it left empty."""
    endings: dict[Path, str] = {}
    losses = 0

    def left() -> list[Path]:
        return [each for each in folders if each not in endings and not _answered(each)]

    def answered() -> int:
        count = len(folders) - len(left())
        done(count)
        return count

    while waiting := left():
        if losses >= _PATIENCE:
            endings |= dict.fromkeys(waiting, f"not tried, after {losses} jobs that ended so")
            break
        before = answered()
        request = waiting[0].parent / "request.json"
        request.write_text(json.dumps(_request(consumer, waiting, dt, limits)))
        ending = run_limited(
            [str(consumer.python), "-I", str(_SERVE), str(request)],
            limits=limits,
            place=request.parent,
            progress=answered,
        )
        if still := left():
            endings[still[0]] = ending or "its process ended without an answer"
            losses = losses + 1 if answered() == before + 1 else 1
    answered()
    return endings


def _request(
    consumer: Consumer, folders: list[Path], dt: float, limits: Limits
) -> dict[str, object]:
    """What `workers/serve.py` reads; only a worker of `ours` is loaded as part of this project."""
    folder = _ROOT if consumer.ours else consumer.worker.parent.parent
    return {
        "worker": ".".join(consumer.worker.relative_to(folder).with_suffix("").parts),
        "paths": [str(folder)],
        "most_bytes": limits.most_bytes,
        "dt": dt,
        "folders": [str(each) for each in folders],
    }


def _answered(folder: Path) -> bool:
    return (folder / "refused.txt").is_file() or (folder / "done.npz").is_file()


def _answer(folder: Path, ending: str) -> Answer:
    refusal, answer = folder / "refused.txt", folder / "done.npz"
    if ending:
        return no_answer(FAILED, ending)
    try:
        if refusal.is_file():
            with refusal.open("rb") as stream:
                return no_answer(REFUSED, stream.read(_REASON).decode(errors="replace"))
        arrays = read_npz(answer)
        names = json.loads(arrays["names"].tobytes())
        spikes = {name: arrays[f"spikes{at}"] for at, name in enumerate(names)}
        return Answer(RAN, "", spikes, arrays["output"])
    except (CheckpointError, OSError, LookupError, TypeError, ValueError) as error:
        return no_answer(FAILED, f"wrote garbage: {error}")


def no_answer(state: str, reason: str) -> Answer:
    """That of a consumer that did not run."""
    return Answer(state, reason, {}, np.zeros((0, 0, 0)))
