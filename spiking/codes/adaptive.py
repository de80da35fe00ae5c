"""The adaptive code: neurons whose threshold and step grow with every spike (ASN)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..activation import ADAPTIVE, Activation
from ..errors import ConfigError
from ..straight import straight
from .code import Code, Memory, Said, Site

_MOST_WINDOW = 10**5
# what a spike adds is a multiple of this many quanta, so that sums on a grid are exact
_PAYLOAD_STEP = 1.0 / 16.0


@dataclass(frozen=True)
class Adaptive(Code):
    """Multiplicatively adapting spiking neurons (Bohte 2012; Zambrano et al. 2019; Pozzi 2018).

    Every value is held for `window` micro-steps of 1 ms. A neuron with input S, approximation
    S^ of it and threshold theta:

        S^ <- S^ exp(-1/tau_eta)
        fires where S - S^ > theta/2:   S^ <- S^ + theta,  theta_dyn <- theta_dyn + m_f theta
        theta_dyn <- theta_dyn exp(-1/tau_gamma);   theta = theta_0 + theta_dyn

    Each spike leaves a current of `height` at its receivers, which decays with tau_beta; the value
    is its mean over the window, so that a spike at tick m counts

        height tau_beta (1 - exp((m - window) / tau_beta)) / window

    Every window starts at rest: neither the approximation nor the current of one step reaches into
    the next, where it would be an error. The rate model has the neuron's own transfer function
    (`activation="adaptive"`, constants in `spiking.activation.ADAPTIVE`); a sigmoid's values cannot
    be said by it. What is left is the start of the window, an error of 1/window.

    window  micro-steps, milliseconds, of a step; at least 1
    """

    window: int = 50

    def __post_init__(self) -> None:
        """ConfigError for a window that holds no micro-step."""
        if not 1 <= self.window <= _MOST_WINDOW:
            raise ConfigError(f"window is {self.window} ms; it must lie in 1..{_MOST_WINDOW}")

    @property
    def levels(self) -> float:
        """Whole spikes a window in a value of 1, to 1/64, so that weights stay on a grid."""
        return max(1, round(64 * self.window / (ADAPTIVE.height * ADAPTIVE.tau_beta))) / 64

    @property
    def micro_steps(self) -> int:
        """Gates in one window, the output in the next."""
        return 2 * self.window

    @property
    def outward(self) -> tuple[str, ...]:
        """The receivers subtract o from s."""
        return ("s", "o")

    @property
    def reach(self) -> float:
        """A neuron that fires in every micro-step."""
        return self.window / self.levels

    def supports(self, activation: Activation) -> str:
        """Only its own transfer function."""
        if activation.name != "adaptive":
            return (
                f"a model with {activation.name} has values that adaptive neurons do not have; "
                "train with activation='adaptive'"
            )
        return ""

    def start(self, like: Tensor) -> Memory:
        """Every window starts at rest."""
        del like
        return {}

    def update(self, z: Tensor, i: Tensor, memory: Memory, site: Site) -> Said:
        """Spikes of z less spikes of i."""
        return self._pair({"z": (z.double(), 1.0), "i": (i.double(), -1.0)}, memory, site)

    def output(self, cell: Tensor, o: Tensor, memory: Memory, site: Site) -> Said:
        """Spikes of s less spikes of o."""
        drives = {"s": (cell / self.levels, 1.0), "o": (o.double(), -1.0)}
        said = self._pair(drives, memory, site)
        trains = {name: train.to(o.dtype) for name, train in said.trains.items()}
        return Said(said.value.to(o.dtype), said.counts, trains, said.memory)

    def effort(self, h: Tensor) -> Tensor:
        """At least |h| of the two trains' difference."""
        return h.abs().mean() * self.levels

    def _pair(self, signals: dict[str, tuple[Tensor, float]], memory: Memory, site: Site) -> Said:
        values, counts, trains = [], {}, {}
        left = (torch.arange(self.window, dtype=torch.float64) - self.window) / ADAPTIVE.tau_beta
        payload = torch.round(-torch.expm1(left) / _PAYLOAD_STEP).clamp(min=1.0) * _PAYLOAD_STEP
        for name, (drive, sign) in signals.items():
            fired = _fire(drive.detach(), window=self.window)
            train = fired * payload.to(drive)
            counts[name] = fired.sum(-1)
            if site.spell:
                trains[name] = sign * train
            smooth = site.activation.function(drive) * self.levels
            values.append(sign * straight(train.sum(-1), smooth))
        return Said(torch.stack(values).sum(0), counts, trains, memory)


def _fire(drive: Tensor, *, window: int) -> Tensor:
    """Spikes of a neuron whose input is held; (..., window)."""
    eta, gamma = math.exp(-1.0 / ADAPTIVE.tau_eta), math.exp(-1.0 / ADAPTIVE.tau_gamma)
    approximation, moved = torch.zeros_like(drive), torch.zeros_like(drive)
    train = []
    for _ in range(window):
        approximation = approximation * eta
        threshold = ADAPTIVE.threshold + moved
        spike = (drive - approximation > threshold / 2).to(drive.dtype)
        approximation = approximation + spike * threshold
        moved = (moved + spike * ADAPTIVE.adaptation * threshold) * gamma
        train.append(spike)
    return torch.stack(train, -1)
