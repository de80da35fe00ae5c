"""Several processes under torchrun: which one this is, its share of a batch, gradients of all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

_PATIENCE = timedelta(minutes=30)  # how long one process may be busy while the others wait


def launched() -> int:
    """How many processes torchrun started this one among; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextlib.contextmanager
def group(device: str) -> Iterator[None]:
    """Join the processes that torchrun started, for the time of the block; alone, do nothing."""
    if launched() == 1:
        yield
        return
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=_PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def joined() -> bool:
    """Whether this process works with others."""
    return dist.is_available() and dist.is_initialized()


def rank() -> int:
    """The number of this process, 0 for the one that writes files and talks."""
    return dist.get_rank() if joined() else 0


def size() -> int:
    """How many processes work together."""
    return dist.get_world_size() if joined() else 1


def barrier() -> None:
    """Wait until every process has come here."""
    if joined():
        dist.barrier()


def share(indices: Tensor) -> tuple[Tensor, float]:
    """This process's part of a batch, and the factor for the mean loss over it.

    Mean gradients over processes of factor * mean loss are then the gradient of the mean loss over
    the whole batch, however it divides. A process without a part takes one sample at factor 0.
    """
    if size() == 1:
        return indices, 1.0
    mine = indices[rank() :: size()]
    factor = len(mine) * size() / len(indices)
    return (mine, factor) if len(mine) else (indices[:1], 0.0)


def together(module: nn.Module) -> nn.Module:
    """`module`, whose backward averages gradients over all processes (DistributedDataParallel)."""
    return nn.parallel.DistributedDataParallel(module) if joined() else module


def agreed(value: float) -> float:
    """The first process's value, so that all take the same turn."""
    if not joined():
        return value
    held = torch.tensor(value, dtype=torch.float64)
    held = held.cuda() if dist.get_backend() == "nccl" else held
    dist.broadcast(held, src=0)
    return float(held)


def gathered(value: Any) -> list[Any]:
    """The values of all processes, in order of their rank; of this one alone without others."""
    found: list[Any] = [value] * size()
    if joined():
        dist.all_gather_object(found, value)
    return found
