"""Sequences of unequal length in one batch: checks and reversal, time first."""

from __future__ import annotations

import torch
from torch import Tensor

from .errors import ShapeError


def checked_lengths(lengths: Tensor, *, batch: int, steps: int) -> Tensor:
    """`lengths` as int64 (batch,); ShapeError names the first entry outside 0..steps."""
    lengths = torch.as_tensor(lengths).to(torch.int64)
    if tuple(lengths.shape) != (batch,):
        raise ShapeError(f"lengths has shape {tuple(lengths.shape)}; expected ({batch},)")
    wrong = torch.nonzero((lengths < 0) | (lengths > steps)).flatten()
    if len(wrong):
        at = int(wrong[0])
        raise ShapeError(f"lengths[{at}] is {int(lengths[at])}; it must lie in 0..{steps} steps")
    return lengths


def reverse_valid(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sample's valid steps backwards, its padding where it was.  # (time, batch, features)"""
    if lengths is None:
        return x.flip(0)
    time = torch.arange(x.shape[0], device=x.device).unsqueeze(1)
    source = torch.where(time < lengths, lengths - 1 - time, time)
    return x.gather(0, source.unsqueeze(-1).expand_as(x))


def last_valid(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Value at each sample's last valid step.  # (batch, time, features) -> (batch, features)"""
    if lengths is None:
        return values[:, -1]
    index = (lengths - 1).clamp(min=0).view(-1, 1, 1).expand(-1, 1, values.shape[-1])
    return values.gather(1, index).squeeze(1)
