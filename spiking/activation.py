"""Monotone activations, and the inverses that place thresholds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import ConfigError
from .straight import straight

# of `exact_sigmoid`; ln 2 in two parts, the first of which times a small integer is exact
LOG2_E = 1.4426950408889634
LN2 = (0.693147180369123816490, 1.90821492927058770002e-10)
LARGEST_EXPONENT = 708.0
EXP_SERIES = tuple(1.0 / math.factorial(k) for k in range(13, -1, -1))
POWERS_OF_TWO = tuple(math.ldexp(1.0, n) for n in range(-1022, 1023))
_POWERS = torch.tensor(POWERS_OF_TWO, dtype=torch.float64)


def exact_sigmoid(x: Tensor) -> Tensor:
    """The logistic sigmoid of float64 in + - * /, roundings and a table: the same bits anywhere.

    1 / (1 + e^-x),   e^y = 2^n sum_k r^k / k!,   n = round(y / ln 2),   r = y - n ln 2

    with 14 terms, by Horner; within 3 units of the last place. A library's own sigmoid is as
    close, but each has its own last bit, and one bit can turn a rounding, which is a spike.
    """
    y = torch.clamp(-x, -LARGEST_EXPONENT, LARGEST_EXPONENT)
    n = torch.round(y * LOG2_E)
    r = y - n * LN2[0] - n * LN2[1]
    series = torch.full_like(r, EXP_SERIES[0])
    for term in EXP_SERIES[1:]:
        series = series * r + term
    place = torch.nan_to_num(n).long() + len(POWERS_OF_TWO) // 2
    return 1.0 / (1.0 + series * _POWERS.to(x.device)[place])


def sigmoid(x: Tensor) -> Tensor:
    """The logistic sigmoid: torch's own in single precision, `exact_sigmoid` in double."""
    smooth = torch.sigmoid(x)
    return straight(exact_sigmoid(x.detach()), smooth) if x.dtype == torch.float64 else smooth


def hard_sigmoid(x: Tensor) -> Tensor:
    """clip(x/4 + 1/2, 0, 1): the tangent of the logistic sigmoid at 0, clipped.

    torch's own `Hardsigmoid` has slope 1/6; in place of a trained sigmoid it loses 37 points
    where slope 1/4 loses 13, because the slope at the resting value is what a gate uses most.
    """
    return torch.clamp(x * 0.25 + 0.5, 0.0, 1.0)


def plan(x: Tensor) -> Tensor:
    """The logistic sigmoid in four straight pieces (PLAN; Amin, Curtis & Hayes-Gill 1997).

    1/2 + clip(x, 1)/8 + clip(x, 2.375) 3/32 + clip(x, 4.875)/32, clip(x, b) = min(max(x, -b), b):
    three saturating neurons, slopes 1/4, 1/8 and 1/32. Here the pieces meet, where the paper's
    jump by 0.004; at most 0.02 from the sigmoid, and in its place lossless where a hard sigmoid
    loses 13 points.
    """
    inner, middle, outer = (torch.clamp(x, -b, b) for b in (1.0, 2.375, 4.875))
    return 0.5 + inner / 8 + middle * (3 / 32) + outer / 32


@dataclass(frozen=True)
class AdaptiveNeuron:
    """Constants of the adaptive spiking neuron, in steps of 1 ms (Zambrano et al. 2019).

    adaptation  m_f, by how much of itself a spike raises the threshold
    threshold   theta_0 at rest, in units of the input
    tau_gamma, tau_eta, tau_beta   ms: decay of the threshold, of the approximation, of the
                current that a spike leaves at its receiver
    """

    adaptation: float = 0.1
    threshold: float = 0.1
    tau_gamma: float = 15.0
    tau_eta: float = 50.0
    tau_beta: float = 50.0

    def interval(self, x: Tensor) -> Tensor:
        """Steady interval between spikes over tau_eta, (c1 S + c2) / (c3 S + c4)."""
        m, theta, gamma, eta = self.adaptation, self.threshold, self.tau_gamma, self.tau_eta
        above = 2 * m * gamma**2 * x + 2 * theta * eta * gamma
        below = gamma * (m * gamma + 2 * (m + 1) * eta) * x + theta * eta * (gamma + eta)
        return above / below

    def unscaled(self, x: Tensor) -> Tensor:
        """Transfer function over the height of a spike; 1/2 at S = theta_0 / 2."""
        first = torch.full_like(x, self.threshold / 2)
        return 1 / torch.expm1(self.interval(x)) - 1 / torch.expm1(self.interval(first)) + 0.5

    @property
    def height(self) -> float:
        """What a spike adds to its receiver, such that an input of 1 gives a value of 1."""
        return 1.0 / float(self.unscaled(torch.ones((), dtype=torch.float64)))


ADAPTIVE = AdaptiveNeuron()


def adaptive(x: Tensor) -> Tensor:
    """What an adaptive spiking neuron makes of a constant input; 0 below half its threshold.

    f(S) = h / (exp((c1 S + c2) / (c3 S + c4)) - 1) - c0 + h/2 (Zambrano et al. 2019), h the height
    of a spike, c0 such that f(theta_0 / 2) = h/2; clipped at 0.
    """
    inside = torch.clamp(x, min=ADAPTIVE.threshold / 2)
    value = ADAPTIVE.unscaled(inside) * ADAPTIVE.height
    return torch.where(x > ADAPTIVE.threshold / 2, value, torch.zeros_like(value))


@dataclass(frozen=True)
class Activation:
    """A monotone function and, where its values rest on 1/2, the inverse that places thresholds.

    name      what a checkpoint calls it
    function  elementwise, tensor to tensor of the same shape
    inverse   probability in (0, 1) to pre-activation; None where values do not lie in (0, 1)
    """

    name: str
    function: Callable[[Tensor], Tensor]
    inverse: Callable[[float], float] | None


# functions with names, so that a model that holds an activation can be sent to other processes
def _logit(p: float) -> float:
    return math.log(p) - math.log1p(-p)


def _hard_logit(p: float) -> float:
    return 4.0 * (p - 0.5)


ACTIVATIONS: dict[str, Activation] = {
    "adaptive": Activation("adaptive", adaptive, None),
    "sigmoid": Activation("sigmoid", sigmoid, _logit),
    "hard_sigmoid": Activation("hard_sigmoid", hard_sigmoid, _hard_logit),
    "plan": Activation("plan", plan, None),
    "tanh": Activation("tanh", torch.tanh, None),
}


def activation_named(name: str, *, among: tuple[str, ...]) -> Activation:
    """The activation called `name`; ConfigError lists `among` when it is not one of them."""
    if name not in among:
        raise ConfigError(f"activation {name!r} is not known here; choose one of {among}")
    return ACTIVATIONS[name]
