"""A consumer in a process of its own, with limits on time and memory; whatever it does is named."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import CheckpointError, SubspikeError
from spiking.guarded import LAST_WORDS, MOST_BYTES, SECONDS, ended
from spiking.npz import read_npz

from ..nir_graph import PORTABLE_DT
from .consumer import Consumer


@dataclass(frozen=True, eq=False)
class Job:
    """A NIR file and its inputs.  # x (batch, time, inputs)"""

    file: Path
    x: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a consumer made of a job.

    state   "ran"; "refused" by the library's own error; "failed": it died, hung, or wrote garbage;
            "missing": it is not installed
    reason  why, unless it ran
    spikes  {"node": (batch, time, neurons) bool}, output (batch, time, n); empty unless it ran
    """

    state: str
    reason: str
    spikes: dict[str, NDArray[np.bool_]]
    output: NDArray[Any]


def run_guarded(
    consumer: Consumer,
    jobs: Sequence[Job],
    *,
    dt: float = PORTABLE_DT,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> tuple[Answer, ...]:
    """One answer a job; the process and all that it started are ended after `seconds`.

    most_bytes  limit of its address space
    """
    python = consumer.python
    if python is None:
        return tuple(_without("missing", f"not installed: {consumer.command}") for _ in jobs)
    with tempfile.TemporaryDirectory(prefix="subspike-") as place:
        folders = [Path(place) / f"{index:04d}" for index in range(len(jobs))]
        for job, folder in zip(jobs, folders, strict=True):
            folder.mkdir()
            (folder / "graph.nir").write_bytes(job.file.read_bytes())
            np.save(folder / "x.npy", np.asarray(job.x, dtype=np.float64))
        words = [consumer.name, str(most_bytes), repr(dt), *map(str, folders)]
        ending = ended(
            [str(python), "-m", "workers.serve", *words],
            Path(place),
            seconds=seconds,
            environment={"PYTHONPATH": str(Path(__file__).parent), "JAX_PLATFORMS": "cpu"},
        )
        return tuple(_answer(folder, ending) for folder in folders)


def _answer(folder: Path, ending: str) -> Answer:
    refusal, done = folder / "refused.txt", folder / "done.npz"
    if refusal.is_file():
        return _without("refused", refusal.read_text(errors="replace")[:LAST_WORDS])
    if not done.is_file():
        return _without("failed", ending or "wrote no answer")
    try:
        arrays = read_npz(done)
        names = json.loads(arrays["names"].tobytes())
        spikes = {name: arrays[f"spikes{at}"].astype(bool) for at, name in enumerate(names)}
        return Answer("ran", "", spikes, arrays["output"])
    except (CheckpointError, KeyError, TypeError, ValueError, SubspikeError) as error:
        return _without("failed", f"wrote garbage: {error}")


def _without(state: str, reason: str) -> Answer:
    return Answer(state, reason, {}, np.zeros((0, 0, 0)))
