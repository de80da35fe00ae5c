"""The population code: K memoryless threshold neurons say one value in K levels."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..activation import ACTIVATIONS, Activation
from ..errors import ConfigError, CoverageError
from ..straight import straight
from .code import Code, Memory, Said, Site

# Reciprocal cell thresholds are odd multiples of this: sums of spikes weighted by them are exact
# in float32 up to K = 256, and 1/w is no short binary fraction, which cells of early steps are.
CELL_WEIGHT_STEP = 2.0**-16
MOST_LEVELS = 4096


@dataclass(frozen=True)
class Population(Code):
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
        if not 1 <= self.levels <= MOST_LEVELS:
            raise ConfigError(
                f"levels is {self.levels}; a population has at least 1 neuron and at most "
                f"{MOST_LEVELS}"
            )
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

    @property
    def micro_steps(self) -> int:
        """Every value is said at once."""
        return 1

    @property
    def outward(self) -> tuple[str, ...]:
        """The receivers subtract o from s themselves, by the sign of its synapses."""
        return ("s", "o")

    @property
    def local(self) -> int:
        """Each of the K cell neurons integrates for itself."""
        return self.levels

    def copies(self, gate: str) -> int:
        """Each of the K neurons of a gate receives for itself."""
        del gate
        return self.levels

    def supports(self, activation: Activation) -> str:
        """Thresholds need an inverse."""
        if activation.inverse is None:
            return f"{activation.name} does not rest at 1/2; no thresholds can be placed for it"
        return ""

    def start(self, like: Tensor) -> Memory:
        """Memoryless."""
        del like
        return {}

    def update(self, z: Tensor, i: Tensor, memory: Memory, site: Site) -> Said:
        """n_z - n_i, each the number of thresholds below its drive."""
        thresholds = _drive_thresholds(self, site.activation.name, site.unit).to(z)
        said = [self._count(each, thresholds, site, scale=1.0) for each in (z, i)]
        trains = {
            name: t * sign for name, (_, t), sign in zip("zi", said, (1.0, -1.0), strict=True)
        }
        counts = {name: self._spikes(n) for name, (n, _) in zip("zi", said, strict=True)}
        return Said(said[0][0] - said[1][0], counts, trains if site.spell else {}, memory)

    def output(self, cell: Tensor, o: Tensor, memory: Memory, site: Site) -> Said:
        """n_s - n_o; the cell's thresholds lie off every tie."""
        cells = _cell_thresholds(self, site.activation.name).to(cell)
        thresholds = _drive_thresholds(self, site.activation.name, site.unit).to(o)
        n_s, s = self._count(cell, cells, site, scale=float(self.levels))
        n_o, o_train = self._count(o, thresholds, site, scale=1.0)
        counts = {"s": self._spikes(n_s), "o": self._spikes(n_o)}
        trains = {"s": s.to(o.dtype), "o": -o_train} if site.spell else {}
        return Said(n_s.to(o.dtype) - n_o, counts, trains, memory)

    def effort(self, h: Tensor) -> Tensor:
        """|s - 1/2| + |o - 1/2| is at least |h| (two-sided)."""
        return h.abs().mean() * self.levels

    def _count(
        self, value: Tensor, thresholds: Tensor, site: Site, *, scale: float
    ) -> tuple[Tensor, Tensor]:
        """Signed count with the gradient K act'(a), and the spikes (empty unless spelled)."""
        spikes = value.new_empty(0)
        if site.spell:
            signs = self.signs().to(value)
            spikes = signs * (signs * (value.unsqueeze(-1) - thresholds) > 0)
            count = spikes.sum(-1)
        else:
            below = torch.bucketize(value.detach().contiguous(), thresholds)
            count = below.to(value.dtype) + self.rest
        smooth = site.activation.function(value / scale) * self.levels
        return straight(count, smooth), spikes

    def _spikes(self, count: Tensor) -> Tensor:
        """How many neurons fired, from the signed count."""
        return count.detach().abs()


@functools.lru_cache(maxsize=64)
def _drive_thresholds(code: Population, activation: str, unit: float | None) -> Tensor:
    thresholds = code.thresholds(ACTIVATIONS[activation])
    return (thresholds if unit is None else code.off_ties(thresholds, unit=unit)).float()


@functools.lru_cache(maxsize=64)
def _cell_thresholds(code: Population, activation: str) -> Tensor:
    return code.cell_thresholds(ACTIVATIONS[activation])
