"""From models to a written report: what `compare` and `demo` share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from converter import Coverage, convert, cover, export
from spiking import Population, SpikingNetwork, SubLSTMClassifier, activity

from .answer import DONE, NO, Answer
from .compare import Comparison, LevelPoint, compare
from .identity import identify
from .page import write_page
from .report import table, to_json, write_json
from .stages import Subjects, error_over_time, measure
from .statistics import wilson
from .tasks import Task

LEVELS = (2, 4, 8, 16)


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
    export(net, exported, task.test_x)
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
    """Measure every stage of `subjects` and set them side by side."""
    columns = measure(subjects, progress=progress)
    net, task = subjects.network, subjects.task
    coverage = cover(subjects.rate, code=net.code) if coverage is None else coverage
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
        levels=level_curve(subjects.rate, task),
        drift=error_over_time(subjects),
        coverage=[(node.name, node.fidelity, node.reason) for node in coverage.nodes],
    )
    raster = {
        name: spikes[0].reshape(spikes.shape[1], -1) for name, spikes in subjects.rasters.items()
    }
    return Flow(comparison, raster)


@torch.no_grad()
def level_curve(
    rate: SubLSTMClassifier, task: Task, *, levels: Sequence[int] = LEVELS
) -> tuple[LevelPoint, ...]:
    """Accuracy and spikes of the conversion without data at several K; none for a gated forget."""
    if rate.rnn.forget == "gated":
        return ()
    points = []
    for count in levels:
        net = convert(rate.cpu(), code=Population(count)).network
        run = net.run(task.test_x)
        values = run.output if run.logits is None else run.logits
        right = int((values[:, -1].argmax(1) == task.test_y).sum())
        spikes = float(activity(net, run.counts).spikes.double().mean())
        points.append(LevelPoint(count, wilson(right, len(task.test_y)), spikes))
    return tuple(points)


def written(flow: Flow, folder: Path) -> Answer:
    """Write report.json and report.html into `folder`; the answer is no where the margin is."""
    comparison = flow.comparison
    write_json(comparison, folder / "report.json")
    write_page(comparison, folder / "report.html", raster=flow.raster)
    code = NO if comparison.verdict in ("DEGRADED", "FAIL") else DONE
    text = f"{table(comparison)}\n\n{folder / 'report.html'}\n{folder / 'report.json'}"
    return Answer(text, json.loads(to_json(comparison)), code)
