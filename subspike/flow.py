"""From models to a written report: what `compare` and `demo` share."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from converter import Coverage, cover, export
from spiking import SpikingNetwork, SubLSTMClassifier, processes

from .answer import DONE, NO, Answer
from .compare import Comparison, compare
from .identity import identify
from .page import write_page
from .report import table, to_json, write_json
from .sharding import merged, shard, stretches
from .stages import Subjects, error_over_time, measure
from .sweep import sweep
from .tasks import Task

LEVELS = (2, 4, 8, 16)
# of the NIR files that the stages of a comparison read
PROFILES = ("portable", "split")


@dataclass(frozen=True)
class Flow:
    """A comparison and what its page shows beside it.

    raster  spikes of the first test sample, {"l0.z": (time, neurons) bool, ...}
    """

    comparison: Comparison
    raster: dict[str, NDArray[np.bool_]]


def compared(
    rate: SubLSTMClassifier,
    net: SpikingNetwork,
    task: Task,
    *,
    folder: Path,
    margin: float = 0.01,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> Flow:
    """Export `net` to `folder`/export and compare it with `rate` on the task's test part.

    margin  share of accuracy that may be lost
    seed    written into the report; nothing here is random
    device  where rate and spiking model run; files and chips run on the CPU
    """
    exported = folder / "export"
    if processes.rank() == 0:
        export(net, exported, stretches(task, net)[0].test_x, profiles=PROFILES)
    processes.barrier()
    subjects = Subjects(rate, net, task, exported, torch.device(device))
    return concluded(
        subjects, calibration="not recorded", margin=margin, seed=seed, progress=progress
    )


def concluded(
    subjects: Subjects,
    *,
    calibration: str,
    margin: float,
    seed: int,
    coverage: Coverage | None = None,
    progress: bool = True,
) -> Flow:
    """Measure every stage of `subjects` and set them side by side.

    Under torchrun each process measures a stretch of the test part; all get the same result.
    """
    net, task = subjects.network, subjects.task
    parts = stretches(shard(task), net)
    several = progress and len(parts) > 1 and processes.rank() == 0
    measured = [
        measure(replace(subjects, task=part), progress=progress)
        for part in tqdm(parts, "test part", unit="stretch", disable=None if several else True)
    ]
    columns = merged(processes.gathered(merged(measured)))
    coverage = cover(subjects.rate, code=net.code) if coverage is None else coverage
    # a gated model would have to be distilled anew at every K
    counts = () if subjects.rate.rnn.forget == "gated" else LEVELS
    sides = "two-sided" if net.code.two_sided else "one-sided"
    comparison = compare(
        task.test_y.numpy(),
        columns,
        identity=identify(
            subjects.rate,
            data=task.name,
            split=task.split,
            calibration=calibration,
            code=f"population, K = {net.code.levels}, {sides}",
            seed=seed,
            device=str(subjects.device),
        ),
        margin=margin,
        levels=sweep(subjects.rate, task, levels=counts),
        drift=error_over_time(replace(subjects, task=stretches(task, net)[0])),
        coverage=[(node.name, node.fidelity, node.reason) for node in coverage.nodes],
    )
    first = replace(subjects, task=replace(task, test_x=task.test_x[:1], test_y=task.test_y[:1]))
    raster = {
        name: spikes[0].reshape(spikes.shape[1], -1) for name, spikes in first.rasters.items()
    }
    return Flow(comparison, raster)


def written(flow: Flow, folder: Path) -> Answer:
    """Write report.json and report.html into `folder`; the answer is no where the margin is."""
    comparison = flow.comparison
    if processes.rank() == 0:
        write_json(comparison, folder / "report.json")
        write_page(comparison, folder / "report.html", raster=flow.raster)
    code = NO if comparison.verdict in ("DEGRADED", "FAIL") else DONE
    text = f"{table(comparison)}\n\n{folder / 'report.html'}\n{folder / 'report.json'}"
    return Answer(text, json.loads(to_json(comparison)), code)
