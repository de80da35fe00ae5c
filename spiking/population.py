"""The population code: K memoryless threshold neurons say one value in K levels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .activation import Activation
from .errors import ConfigError, CoverageError

# Reciprocal cell thresholds are odd multiples of this: sums of spikes weighted by them are exact
# in float32 up to K = 256, and 1/w is no short binary fraction, which cells of early steps are.
CELL_WEIGHT_STEP = 2.0**-16


@dataclass(frozen=True)
class Population:
    """K threshold neurons per value; neuron k fires iff a > act^-1((k - 1/2) / K), k = 1..K.

    The number of spikes is then round(K act(a)) for any monotone act, without calibration,
    reset or wind-up: uniform rounding to K levels (error at most 1/(2K)).

    levels     K, the number of neurons and of steps between values, at least 1
    two_sided  neurons below the resting value 1/2 fire when a is *below* their threshold, with
               negative weight: value = 1/2 + (n+ - n-)/K. The same values for about half the
               spikes, because a sigmoid rests at 1/2. Needs an even K, which keeps every
               threshold away from 0. One-sided: value = n/K.

    The resting value cancels in both differences of the subLSTM, z - i and act(c) - o.
    """

    levels: int = 8
    two_sided: bool = True

    def __post_init__(self) -> None:
        """ConfigError for a K that cannot be built."""
        if self.levels < 1:
            raise ConfigError(f"levels is {self.levels}; a population needs at least 1 neuron")
        if self.two_sided and self.levels % 2:
            raise ConfigError(
                f"levels is {self.levels}; a two-sided population needs an even number "
                f"(try {self.levels + 1}) or two_sided=False"
            )

    def thresholds(self, activation: Activation) -> Tensor:
        """act^-1((k - 1/2)/K), ascending, in units of the pre-activation.  # (levels,) float64"""
        if activation.inverse is None:
            raise CoverageError(
                f"activation {activation.name!r} does not rest at 1/2; the population code "
                "cannot place thresholds for it. Retrain with a sigmoid or a hard sigmoid."
            )
        places = [(k - 0.5) / self.levels for k in range(1, self.levels + 1)]
        return torch.tensor([activation.inverse(p) for p in places], dtype=torch.float64)

    def cell_thresholds(self, activation: Activation) -> Tensor:
        """The same for a cell counted in quanta 1/K, moved off ties.  # (levels,) float64

        t = 1/w, where w is the odd multiple of CELL_WEIGHT_STEP nearest to
        1/(K act^-1((k - 1/2)/K)). An export scales the cell by w and compares with 1.
        """
        raw = self.thresholds(activation) * self.levels
        # an odd one-sided K has a threshold at 0, which no finite weight expresses
        raw = torch.where(raw == 0, torch.full_like(raw, CELL_WEIGHT_STEP), raw)
        odd = torch.floor(1.0 / (raw.abs() * CELL_WEIGHT_STEP) / 2.0) * 2.0 + 1.0
        return torch.sign(raw) / (odd * CELL_WEIGHT_STEP)

    def signs(self) -> Tensor:
        """+1 for a neuron that fires above its threshold, -1 for below.  # (levels,) float32"""
        ones = torch.ones(self.levels)
        if self.two_sided:
            ones[: self.levels // 2] = -1.0
        return ones

    @property
    def rest(self) -> int:
        """The count that stands for value 0: -K/2 two-sided, 0 one-sided."""
        return -self.levels // 2 if self.two_sided else 0

    def off_ties(self, thresholds: Tensor, *, unit: float) -> Tensor:
        """Thresholds moved to the nearest odd multiple of unit/2, where no sum on the grid lies."""
        return (torch.round(thresholds / unit - 0.5) + 0.5) * unit

    @property
    def bits(self) -> int:
        """Bits of an equally fine quantised rate model: ceil(log2(K + 1))."""
        return math.ceil(math.log2(self.levels + 1))
