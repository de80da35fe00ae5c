"""Sequences to tune and distil on: one tensor, or any iterable of batches."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from spiking.errors import ConfigError, EmptyDataError, NotFiniteError, ShapeError

Batches = Tensor | Iterable[Tensor]


def gathered(data: Batches, *, features: int) -> Tensor:
    """One tensor (n, time, features) of all sequences in `data`.

    Raises EmptyDataError without samples or steps, ConfigError or ShapeError naming the first
    batch that is no tensor or does not fit, NotFiniteError where a value is NaN or infinite.
    """
    batches = [data] if isinstance(data, Tensor) else list(data)
    for index, batch in enumerate(batches):
        if not isinstance(batch, Tensor):
            raise ConfigError(
                f"data batch {index} is a {type(batch).__name__}, not a tensor; pass the inputs "
                "alone, without labels"
            )
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
    if whole.shape[1] == 0:
        raise EmptyDataError("the sequences of the data set hold no steps")
    if not bool(torch.isfinite(whole).all()):
        raise NotFiniteError("the data set holds NaN or infinity; clean it first")
    return whole


def mixtures(x: Tensor, *, copies: int = 3, seed: int = 0) -> Tensor:
    """All of `x`, then `copies` times as many mixtures of two of its sequences.

    x_mix = m x_a + (1 - m) x_b, m ~ U(1/2, 1), b a random partner (inputs of mixup, Zhang et al.
    2018, arXiv 1710.09412). A teacher answers any input, so a small data set goes further.

    x        (n, time, input)
    returns  ((1 + copies) n, time, input)
    """
    if copies < 0:
        raise ConfigError(f"copies is {copies}; it must be at least 0")
    generator = torch.Generator().manual_seed(seed)
    parts = [x]
    for _ in range(copies):
        partner = torch.randperm(len(x), generator=generator).to(x.device)
        share = 0.5 + 0.5 * torch.rand(len(x), 1, 1, generator=generator).to(x)
        parts.append(share * x + (1.0 - share) * x[partner])
    return torch.cat(parts)
