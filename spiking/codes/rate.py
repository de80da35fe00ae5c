"""The rate code: integrate-and-fire neurons say a value by how often they fire in T micro-steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..activation import ACTIVATIONS, Activation
from ..errors import ConfigError
from ..straight import straight
from .code import Code, Memory, Said, Site

RESETS = ("soft", "hard")
_MOST_STEPS = 4096
# currents are multiples of this, so that T of them add up exactly however they are added
CURRENT_STEP = 2.0**-16
# a sigmoid that a neuron can compute: by four straight pieces, or by its own saturation
PIECEWISE = {"sigmoid": "plan", "hard_sigmoid": "hard_sigmoid"}


@dataclass(frozen=True)
class Rate(Code):
    """Integrate-and-fire over two windows of T micro-steps: gates first, then the output.

    A neuron with current p in each micro-step and membrane v: v <- v + p; it fires when v >= 1,
    then v <- v - 1 (soft reset) or v <- 0 (hard reset). Soft: N = floor(v + T p), error of N/T at
    most 1/(2T) from v = 1/2. Hard: every ceil(1/p) micro-steps, so values above 1/2 are lost; it
    is here because many chips have nothing else.

    steps     T, at least 1
    reset     "soft" (by subtraction) or "hard" (to zero)
    carry     keep v from step to step: the error of the cell is then bounded by one quantum a
              train for any sequence of forgets (summation by parts), against 1/(2T(1-f)) when v
              starts at 1/2 anew. A membrane that a saturated current drove out of one quantum
              starts anew either way (anti-windup).
    opponent  code d = z - i and h = act(c) - o by signed neurons, which fire -1 below v = -1/2 and
              +1 from v = 1/2 on, N = floor(v + T p + 1/2); else z, i, o and s have trains each.
              Differences cancel what coders have in common, for a fraction of the spikes.

    The current of a sigmoid is its four-piece approximation PLAN (Amin et al. 1997), saturated
    before it reaches the neuron; that of a lone hard sigmoid is the line a/4 + 1/2, which the
    neuron itself clips by firing never or always. Both are rounded to 2^-16.
    """

    steps: int = 4
    reset: str = "soft"
    carry: bool = True
    opponent: bool = True

    def __post_init__(self) -> None:
        """ConfigError for a T or a reset that cannot be built."""
        if not 1 <= self.steps <= _MOST_STEPS:
            raise ConfigError(f"steps is {self.steps}; T must lie in 1..{_MOST_STEPS} micro-steps")
        if self.reset not in RESETS:
            raise ConfigError(f"reset {self.reset!r} is not known; choose one of {RESETS}")
        if self.opponent and self.reset == "hard":
            raise ConfigError(
                "opponent neurons subtract what they said; take reset='soft' or opponent=False"
            )

    @property
    def levels(self) -> int:
        """Quanta in a value of 1: T."""
        return self.steps

    @property
    def micro_steps(self) -> int:
        """Two windows."""
        return 2 * self.steps

    @property
    def outward(self) -> tuple[str, ...]:
        """One signed train, or two that the receivers subtract."""
        return ("h",) if self.opponent else ("s", "o")

    def supports(self, activation: Activation) -> str:
        """A current must be piecewise linear."""
        if activation.name not in PIECEWISE:
            return f"{activation.name} has no piecewise-linear form here that a neuron computes"
        return ""

    def start(self, like: Tensor) -> Memory:
        """Membranes at 1/2, or at 0 where they are signed: no bias."""
        names = "dh" if self.opponent else "zios"
        return {name: torch.full_like(like, self._rest) for name in names}

    def update(self, z: Tensor, i: Tensor, memory: Memory, site: Site) -> Said:
        """D = z - i in one signed train, or z and i apart."""
        return self._difference(z.double(), i.double(), "dzi", memory, site)

    def output(self, cell: Tensor, o: Tensor, memory: Memory, site: Site) -> Said:
        """H = act(c) - o in one signed train, or s and o apart, in the second window."""
        said = self._difference(cell / self.levels, o.double(), "hso", memory, site)
        trains = {name: train.to(o.dtype) for name, train in said.trains.items()}
        return Said(said.value.to(o.dtype), said.counts, trains, said.memory)

    def effort(self, h: Tensor) -> Tensor:
        """|h| T of a signed train; at least that of two."""
        return h.abs().mean() * self.steps

    @property
    def _rest(self) -> float:
        return 0.0 if self.opponent else 0.5

    def _difference(
        self, plus: Tensor, minus: Tensor, names: str, memory: Memory, site: Site
    ) -> Said:
        """act(plus) - act(minus) by one signed neuron, or by two whose trains are subtracted."""
        smooth = [_saturated(each, site.activation) for each in (plus, minus)]
        signals: dict[str, tuple[Tensor, Tensor, float]]
        if self.opponent:
            current = _stepped(smooth[0]) - _stepped(smooth[1])
            signals = {names[0]: (current, smooth[0] - smooth[1], 1.0)}
        else:
            raw = [_stepped(_raw(each, site.activation)) for each in (plus, minus)]
            signals = {
                name: (current, value, sign)
                for name, current, value, sign in zip(
                    names[1:], raw, smooth, (1.0, -1.0), strict=True
                )
            }
        run = self._spell if site.spell else self._closed
        values, counts, trains, after = [], {}, {}, dict(memory)
        for name, (current, value, sign) in signals.items():
            count, left, train = run(current, memory[name])
            lowest = self._rest - 0.5
            inside = (left >= lowest) & (left < lowest + 1.0)
            anew = torch.full_like(left, self._rest)
            after[name] = torch.where(inside, left, anew) if self.carry else anew
            counts[name] = count.abs()
            if site.spell:
                trains[name] = sign * train
            values.append(sign * straight(count, value * self.steps))
        return Said(torch.stack(values).sum(0), counts, trains, after)

    def _closed(self, p: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Spikes and membrane after T micro-steps at once."""
        none = p.new_empty(0)
        if self.reset == "soft":
            total = v + self.steps * p
            count = torch.floor(total + (0.5 - self._rest))
            count = count.clamp(-self.steps if self.opponent else 0, self.steps)
            return count, total - count, none
        one = round(1.0 / CURRENT_STEP)
        current, membrane = (torch.round(each * one).long() for each in (p, v))
        safe = current.clamp(min=1)
        first = (one - membrane + safe - 1) // safe
        between = (one + safe - 1) // safe  # ceil(1 / p)
        fires = (current > 0) & (first <= self.steps)
        count = torch.where(fires, 1 + (self.steps - first) // between, 0)
        since = (self.steps - first) % between
        left = torch.where(fires, since * current, membrane + self.steps * current)
        return count.to(p.dtype), left.to(p.dtype) / one, none

    def _spell(self, p: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Micro-step after micro-step."""
        spikes = []
        for _ in range(self.steps):
            v = v + p
            if self.opponent:
                spike = (v >= 0.5).to(v.dtype) - (v < -0.5).to(v.dtype)
            else:
                spike = (v >= 1.0).to(v.dtype)
            v = v - spike if self.reset == "soft" else torch.where(spike > 0, 0.0, v)
            spikes.append(spike)
        train = torch.stack(spikes, -1)
        return train.sum(-1), v, train


def _saturated(drive: Tensor, activation: Activation) -> Tensor:
    return ACTIVATIONS[PIECEWISE[activation.name]].function(drive)


def _raw(drive: Tensor, activation: Activation) -> Tensor:
    """The current that a lone neuron gets."""
    if activation.name == "hard_sigmoid":
        return drive / 4 + 0.5
    return _saturated(drive, activation)


def _stepped(current: Tensor) -> Tensor:
    return torch.round(current.detach() / CURRENT_STEP) * CURRENT_STEP
