"""Sequences to tune and distil on: one tensor, or any iterable of batches."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from spiking.errors import EmptyDataError, NotFiniteError, ShapeError

Batches = Tensor | Iterable[Tensor]


def gathered(data: Batches, *, features: int) -> Tensor:
    """One tensor (n, time, features) of all sequences in `data`.

    Raises EmptyDataError without samples, ShapeError naming the first batch that does not fit,
    NotFiniteError where a value is NaN or infinite.
    """
    batches = [data] if isinstance(data, Tensor) else list(data)
    for index, batch in enumerate(batches):
        if batch.dim() != 3 or batch.shape[2] != features:
            raise ShapeError(
                f"data batch {index} has shape {tuple(batch.shape)}; "
                f"expected (samples, time, {features})"
            )
    if sum(len(batch) for batch in batches) == 0:
        raise EmptyDataError("the data set holds no samples; there is nothing to fit to")
    try:
        whole = torch.cat([batch.float() for batch in batches])
    except RuntimeError as error:
        raise ShapeError(f"batches of data differ in their number of steps: {error}") from error
    if not bool(torch.isfinite(whole).all()):
        raise NotFiniteError("the data set holds NaN or infinity; clean it first")
    return whole
