"""A test set cut over processes and to what memory holds, and the columns of its parts joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spiking import CodedNetwork, SpikingNetwork
from spiking.errors import ConfigError
from spiking.processes import rank, size

from .compare import Column, Missing
from .tasks import Task

_MOST_BYTES = 2**30
# the network's own spikes, another engine's and what they are compared in
_BYTES_A_BIN = 6


def shard(task: Task) -> Task:
    """The task with this process's stretch of the test part; all of it for a single process."""
    count = len(task.test_x)
    if size() > count:
        raise ConfigError(f"{size()} processes for {count} test samples; start fewer")
    cut = slice(count * rank() // size(), count * (rank() + 1) // size())
    return replace(task, test_x=task.test_x[cut], test_y=task.test_y[cut])


def stretches(
    task: Task, net: SpikingNetwork | CodedNetwork, *, most: int = _MOST_BYTES
) -> list[Task]:
    """The test part in stretches whose spikes, recorded and compared, fit into `most` bytes."""
    bins = task.steps * sum(4 * layer.hidden_size * layer.code.levels for layer in net.stack)
    count = max(1, most // (_BYTES_A_BIN * bins))
    return [
        replace(task, test_x=x, test_y=y)
        for x, y in zip(task.test_x.split(count), task.test_y.split(count), strict=True)
    ]


def merged(parts: Sequence[Sequence[Column | Missing]]) -> list[Column | Missing]:
    """Columns over all samples, from columns over stretches of them in order.

    Exact: spikes and operations are whole numbers per stretch, so their means give back the sums.
    Raises ConfigError where processes ran different stages.
    """
    found = []
    for columns in zip(*parts, strict=True):
        names = {column.name for column in columns}
        if len(names) > 1 or len({type(column) for column in columns}) > 1:
            raise ConfigError(f"processes ran different stages: {sorted(names)}")
        found.append(columns[0] if isinstance(columns[0], Missing) else _joined(columns))
    return found


def _joined(columns: Sequence[Column | Missing]) -> Column:
    measured = [column for column in columns if isinstance(column, Column)]
    sizes = [len(column.logits) for column in measured]
    first = measured[0]

    def mean(values: Sequence[float | None]) -> float | None:
        sums = [round(v * n) for v, n in zip(values, sizes, strict=True) if v is not None]
        return sum(sums) / sum(sizes) if sums else None

    def total(values: Sequence[int | None]) -> int | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    return replace(
        first,
        logits=np.concatenate([column.logits for column in measured]),
        spikes=mean([column.spikes for column in measured]),
        synops=mean([column.synops for column in measured]),
        counted=mean([column.counted for column in measured]),
        differing=total([column.differing for column in measured]),
        total=total([column.total for column in measured]),
    )
