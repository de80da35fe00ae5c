"""Many conversions of one model, side by side: a pool of processes, or Ray's on many machines."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from converter import convert, predict_levels
from spiking import Population, SubLSTMClassifier
from spiking.errors import ConfigError, MissingSoftwareError

from .compare import LevelPoint
from .cost import cost
from .statistics import wilson
from .tasks import Task

# rounding all gates instead of h alone was measured to double the error of h (1.8 to 2.0)
ROUNDED_GATES = 1.9
_FORETOLD_FROM = 500


def sweep(
    rate: SubLSTMClassifier,
    task: Task,
    *,
    levels: Sequence[int],
    pool: str = "local",
    processes: int = 1,
) -> tuple[LevelPoint, ...]:
    """Accuracy and spikes of the conversion without data at several K, in the order asked for.

    pool       a key of POOLS: "local" on this machine, "ray" on the cluster that Ray is joined to
    processes  1 works in this process, without a pool

    Raises ConfigError for an unknown pool, MissingSoftwareError where Ray is not installed, and
    what `convert` raises.
    """
    if pool not in POOLS:
        raise ConfigError(f"pool {pool!r} is not known; choose one of {sorted(POOLS)}")
    rate = rate.cpu().eval()
    expected = foretold(rate, task, levels=levels)
    jobs = [(rate, task.test_x, task.test_y, count) for count in levels]
    if processes == 1:
        points = [level_point(*job) for job in jobs]
    else:
        with POOLS[pool](processes) as workers:
            points = workers.starmap(level_point, jobs)
    return tuple(replace(p, expected=e) for p, e in zip(points, expected, strict=True))


@torch.no_grad()
def foretold(rate: SubLSTMClassifier, task: Task, *, levels: Sequence[int]) -> tuple[float, ...]:
    """Accuracy of populations of K on the test part, from one noisy run on training samples."""
    if not levels:
        return ()
    x, y = task.train_x[-_FORETOLD_FROM:], task.train_y[-_FORETOLD_FROM:]
    fewer = [max(1, round(count / ROUNDED_GATES)) for count in levels]
    found = predict_levels(rate, x, y, levels=fewer)
    own = float((rate(task.test_x).argmax(1) == task.test_y).double().mean())
    return tuple(own - (found.accuracy - share) for share in found.expected)


@torch.no_grad()
def level_point(
    rate: SubLSTMClassifier, x: torch.Tensor, y: torch.Tensor, levels: int
) -> LevelPoint:
    """One conversion, measured on x (samples, time, input) with labels y."""
    found = cost(convert(rate, code=Population(levels)).network, x, y)
    return LevelPoint(levels, wilson(int(found.correct.sum()), len(y)), found.spikes)


def _local(processes: int) -> Any:
    # spawn: torch's threads do not survive a fork
    return multiprocessing.get_context("spawn").Pool(processes)


def _ray(processes: int) -> Any:
    try:
        from ray.util.multiprocessing import Pool
    except ImportError as error:
        raise MissingSoftwareError("ray is not installed", "pip install 'subspike[ray]'") from error
    return Pool(processes)


POOLS: dict[str, Callable[[int], Any]] = {"local": _local, "ray": _ray}
