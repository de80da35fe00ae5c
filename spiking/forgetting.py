"""f_t c_{t-1} with a computed f: a product of two signals, and the ways to form it in spikes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from .activation import Activation
from .errors import ConfigError
from .straight import straight

_MOST_NEURONS = 4096


class Forgotten(NamedTuple):
    """What is left of the cell, and the spikes that it took.

    cell    in quanta                                    # (batch, hidden) float64
    spikes  of all neurons involved                      # (batch, hidden)
    synops  synapses that they reach, inside the unit    # (batch, hidden)
    raster  each of them, where they were spelled out    # (batch, hidden, neurons), else empty
    """

    cell: Tensor
    spikes: Tensor
    synops: Tensor
    raster: Tensor


class Forgetting(Protocol):
    """A way to form act(a) C from the drive a of the forget gate and the cell C."""

    @property
    def neurons(self) -> int:
        """Neurons that a unit needs for it."""
        ...

    @property
    def promise(self) -> str:
        """How close it comes; empty where it is exact."""
        ...

    def __call__(
        self, cell: Tensor, drive: Tensor, activation: Activation, *, levels: float, spell: bool
    ) -> Forgotten:
        """The cell in quanta of 1/levels after forgetting; `spell` spike after spike."""
        ...


@dataclass(frozen=True)
class Native:
    """C <- act(a) C where the target multiplies (ONNX, microcode): exact, without a spike."""

    @property
    def neurons(self) -> int:
        """None."""
        return 0

    @property
    def promise(self) -> str:
        """Nothing is lost."""
        return ""

    def __call__(
        self, cell: Tensor, drive: Tensor, activation: Activation, *, levels: float, spell: bool
    ) -> Forgotten:
        """One product."""
        del levels
        kept = activation.function(drive.double())
        none = cell.new_empty((*cell.shape, 0) if spell else (0,))
        zeros = torch.zeros_like(cell)
        return Forgotten(kept * cell, zeros, zeros, none)


@dataclass(frozen=True)
class Shunt:
    """N shunting spikes, each C <- C - (C >> m): sigma(a) = exp(-softplus(-a)), so

        N = round(softplus(-a) / delta),   delta = -ln(1 - 2^-m)

    relative error of f at most delta/2, and no spike while the unit holds (f near 1). The cell has
    `fraction` bits below its quantum, and shifts round down as a chip's do.

    shift  m, at least 1: finer is closer and costs more spikes
    """

    shift: int = 5
    fraction: int = 16

    def __post_init__(self) -> None:
        """ConfigError for shifts that cannot be meant."""
        if not 1 <= self.shift <= 12 or not 1 <= self.fraction <= 24:
            raise ConfigError(
                f"shift {self.shift}, fraction {self.fraction}: take 1..12 and 1..24 bits"
            )

    @property
    def neurons(self) -> int:
        """One that fires N times."""
        return 1

    @property
    def promise(self) -> str:
        """Half a spike."""
        return f"shunting spikes of 2^-{self.shift}: f within {self._delta / 2:.1%} of its value"

    @property
    def most(self) -> int:
        """Spikes after which nothing is left that matters: f = e^-12."""
        return math.ceil(12.0 / self._delta)

    @property
    def _delta(self) -> float:
        return -math.log1p(-(2.0**-self.shift))

    def __call__(
        self, cell: Tensor, drive: Tensor, activation: Activation, *, levels: float, spell: bool
    ) -> Forgotten:
        """Shift after shift; the closed form has none, so the twin shifts as well."""
        del levels
        if activation.name != "sigmoid":
            raise ConfigError(f"shunting spikes form a sigmoid; the gate is {activation.name}")
        softplus = functional.softplus(-drive.detach().double())
        spikes = torch.round(softplus / self._delta).clamp(max=self.most)
        one = 2.0**self.fraction
        start = torch.floor(cell.detach() * one)
        left = self._spelled(start, spikes) if spell else self._shifted(start, spikes)
        smooth = activation.function(drive.double()) * cell
        raster = cell.new_empty(0)
        if spell:
            ticks = torch.arange(int(spikes.max()) if spikes.numel() else 0, device=cell.device)
            raster = (spikes.unsqueeze(-1) > ticks).to(cell.dtype)
        return Forgotten(straight(left / one, smooth), spikes, spikes, raster)

    def _spelled(self, left: Tensor, spikes: Tensor) -> Tensor:
        """Spike after spike."""
        for k in range(int(spikes.max()) if spikes.numel() else 0):
            left = torch.where(spikes > k, self._once(left), left)
        return left

    def _shifted(self, left: Tensor, spikes: Tensor) -> Tensor:
        """The same for those alone that have spikes left: most units hold, few forget all."""
        order = spikes.flatten().argsort(descending=True)
        cells, counts = left.flatten()[order], spikes.flatten()[order].long()
        active = counts.bincount().flip(0).cumsum(0).flip(0)[1:].tolist()  # with more than k spikes
        for count in active:
            cells[:count] = self._once(cells[:count])
        found = torch.empty_like(cells)
        found[order] = cells
        return found.view_as(left)

    def _once(self, left: Tensor) -> Tensor:
        return left - torch.floor(left * 2.0**-self.shift)


@dataclass(frozen=True)
class Coincidence:
    """Coincidence neurons fire iff a leak neuron and a cell neuron both fire: a product in spikes.

        C <- C - g Q,   g = round(1 - act(a)),   Q = round(C)

    Leak neurons say g on a geometric scale, g_j = 2^((j - leaks) / per_octave), j = 1..leaks, and
    g_0 = 0; neuron j fires iff 1 - f lies above the geometric mean of its level and the one below.
    Cell neurons say Q in `levels` even steps within +-reach. Every pair has a coincidence neuron,
    which takes its share (g_j - g_{j-1}) of a step of Q from the cell. The cell itself is never
    reset and keeps what Q rounds away, so that holding (g = 0) is silent and exact, and a cell
    that forgets a little is not stuck on a step.

    leaks       leak neurons, levels of g
    per_octave  of them for a factor of two
    levels      cell neurons, above and below 0 together; even
    reach       |c| up to which the cell neurons count
    """

    leaks: int = 24
    per_octave: int = 2
    levels: int = 64
    reach: float = 16.0

    def __post_init__(self) -> None:
        """ConfigError for populations that cannot be built."""
        few = self.leaks < 1 or self.per_octave < 1 or self.levels < 2 or self.levels % 2
        if few or self.leaks > _MOST_NEURONS or self.levels > _MOST_NEURONS:
            raise ConfigError(
                f"leaks {self.leaks}, per_octave {self.per_octave}, levels {self.levels}: take at "
                f"least 1, 1 and 2, an even number of levels, and at most {_MOST_NEURONS} neurons"
            )
        if not 0.0 < self.reach < math.inf:
            raise ConfigError(f"reach is {self.reach}; it must be positive and finite")

    @property
    def neurons(self) -> int:
        """Leak neurons, cell neurons, and one for every pair."""
        return self.leaks + self.levels + self.leaks * self.levels

    @property
    def promise(self) -> str:
        """Its grid."""
        return (
            f"coincidence of {self.leaks} leak and {self.levels} cell neurons: exact on that grid, "
            f"1 - f to half a step of 1/{self.per_octave} octave, c to {self.reach / self.levels:g}"
        )

    def leak_levels(self) -> Tensor:
        """g_0 .. g_leaks, multiples of 2^-24 so that their sums are exact.  # (leaks + 1,)"""
        places = torch.arange(1 - self.leaks, 1, dtype=torch.float64) / self.per_octave
        levels = torch.round(torch.exp2(places) * 2**24) / 2**24
        return torch.cat([levels.new_zeros(1), levels])

    def leak_thresholds(self) -> Tensor:
        """Of 1 - f, ascending; the first is half the smallest level.  # (leaks,)"""
        levels = self.leak_levels()
        return torch.cat([levels[1:2] / 2, (levels[1:-1] * levels[2:]).sqrt()])

    def __call__(
        self, cell: Tensor, drive: Tensor, activation: Activation, *, levels: float, spell: bool
    ) -> Forgotten:
        """Pair by pair, or the product of the two rounded values."""
        leak = 1.0 - activation.function(drive.double())
        step = 2.0 * self.reach * levels / self.levels
        half = self.levels // 2
        places = (torch.arange(half, dtype=cell.dtype, device=cell.device) + 0.5) * step
        scale, thresholds = self.leak_levels().to(cell), self.leak_thresholds().to(cell)
        if spell:
            leaks = (leak.detach().unsqueeze(-1) > thresholds).double()
            above = (cell.detach().unsqueeze(-1) >= places).double()
            below = (cell.detach().unsqueeze(-1) <= -places).double()
            pairs = leaks.unsqueeze(-1) * torch.cat([above, -below], -1).unsqueeze(-2)
            taken = (pairs * scale.diff().unsqueeze(-1)).sum((-2, -1)) * step
            raster = torch.cat([leaks, above, below, pairs.flatten(-2)], -1)
            exact = cell.detach() - taken
            fires, size = leaks.sum(-1), (above + below).sum(-1)
            return self._counted(straight(exact, (1.0 - leak) * cell), fires, size, raster)
        fires = torch.bucketize(leak.detach().contiguous(), thresholds)
        size = torch.bucketize(cell.detach().abs().contiguous(), places, right=True)
        rounded = cell.detach().sign() * size
        taken = scale[fires] * rounded * step
        exact = cell.detach() - taken
        kept = straight(exact, (1.0 - leak) * cell)
        return self._counted(kept, fires.double(), size.double(), cell.new_empty(0))

    def _counted(self, cell: Tensor, fires: Tensor, size: Tensor, raster: Tensor) -> Forgotten:
        """A leak neuron reaches a pair for every cell neuron, and the other way round."""
        spikes = fires + size + fires * size
        synops = fires * self.levels + size * self.leaks + fires * size
        return Forgotten(cell, spikes, synops, raster)


FORGETTINGS: dict[str, type[Coincidence | Native | Shunt]] = {
    "coincidence": Coincidence,
    "native": Native,
    "shunt": Shunt,
}
