"""Many conversions of one model, side by side: a pool of processes, or Ray's on many machines."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any

import torch

from converter import convert
from spiking import Population, SubLSTMClassifier, activity
from spiking.errors import ConfigError, MissingSoftwareError

from .compare import LevelPoint
from .statistics import wilson
from .tasks import Task


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
    jobs = [(rate, task.test_x, task.test_y, count) for count in levels]
    if processes == 1:
        return tuple(level_point(*job) for job in jobs)
    with POOLS[pool](processes) as workers:
        return tuple(workers.starmap(level_point, jobs))


@torch.no_grad()
def level_point(
    rate: SubLSTMClassifier, x: torch.Tensor, y: torch.Tensor, levels: int
) -> LevelPoint:
    """One conversion, measured on x (samples, time, input) with labels y."""
    net = convert(rate, code=Population(levels)).network
    run = net.run(x)
    values = run.output if run.logits is None else run.logits
    right = int((values[:, -1].argmax(1) == y).sum())
    spikes = float(activity(net, run.counts).spikes.double().mean())
    return LevelPoint(levels, wilson(right, len(y)), spikes)


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
