"""What a code has to know of the data: ranges of every node, from samples that are written down."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spiking import Coincidence
from spiking.errors import ConfigError

from .data import Batches, gathered
from .matching import RateModel, rate_trace, rnn_of

_BATCH = 256


@dataclass(frozen=True)
class Range:
    """Values of one node over the calibration data.

    low, high  the percentile from either end
    mean       of all values
    extreme    largest magnitude
    clipped    share of values beyond low and high
    """

    low: float
    high: float
    mean: float
    extreme: float
    clipped: float


@dataclass(frozen=True)
class Calibration:
    """Ranges by node ("l0.z", ..., "l0.c", "l0.h"), and the samples that they come from.

    indices  of the samples in the data set that was given, in order; with them calibration and
             test data can be shown to be disjoint
    """

    ranges: Mapping[str, Range]
    percentile: float
    indices: tuple[int, ...]

    def require_disjoint(self, others: Sequence[int]) -> None:
        """ConfigError naming samples that were calibrated on and are in `others` as well."""
        shared = sorted(set(self.indices) & set(others))
        if shared:
            raise ConfigError(
                f"{len(shared)} samples are in the calibration data and here, the first are "
                f"{shared[:5]}; what is measured on them is not a test"
            )

    def coincidence(self, *, leaks: int = 24, per_octave: int = 2, levels: int = 64) -> Coincidence:
        """A coincidence product whose cell neurons reach as far as the cells of the data do."""
        cells = [each for name, each in self.ranges.items() if name.endswith(".c")]
        reach = max(max(abs(each.low), abs(each.high)) for each in cells)
        return Coincidence(leaks, per_octave, levels, max(reach, 2.0**-10))


@torch.no_grad()
def calibrate(
    rate: RateModel,
    data: Batches,
    *,
    indices: Sequence[int] | None = None,
    percentile: float = 99.9,
) -> Calibration:
    """Ranges of every node of `rate` over `data`.

    data        inputs (n, time, input), or any iterable of such batches
    indices     which samples of a larger set they are; None says 0..n-1
    percentile  of the values of a node that its range shall hold, 50 < percentile <= 100

    Raises ConfigError for a percentile or indices that do not fit, EmptyDataError, ShapeError and
    NotFiniteError for data that cannot be calibrated on.
    """
    if not 50.0 < percentile <= 100.0:
        raise ConfigError(f"percentile is {percentile}; it must lie in (50, 100]")
    x = gathered(data, features=rnn_of(rate).input_size)
    chosen = tuple(range(len(x))) if indices is None else tuple(int(k) for k in indices)
    if len(chosen) != len(x) or len(set(chosen)) != len(chosen):
        raise ConfigError(f"{len(chosen)} indices for {len(x)} samples; each sample has one")
    parts = [rate_trace(rate, batch) for batch in x.split(_BATCH)]
    ranges = {name: _range([part[name] for part in parts], percentile) for name in parts[0]}
    return Calibration(ranges, percentile, chosen)


def _range(parts: list[Tensor], percentile: float) -> Range:
    values = torch.cat([part.flatten() for part in parts]).double().sort().values
    # torch.quantile takes no more than 16 million values
    count = len(values)
    skip = min(math.floor(count * (1.0 - percentile / 100.0)), (count - 1) // 2)
    low, high = values[skip], values[count - 1 - skip]
    outside = (values < low) | (values > high)
    return Range(
        low=float(low),
        high=float(high),
        mean=float(values.mean()),
        extreme=float(values.abs().max()),
        clipped=float(outside.double().mean()),
    )
