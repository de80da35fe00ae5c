"""Monotone activations, and the inverses that place thresholds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import ConfigError


def hard_sigmoid(x: Tensor) -> Tensor:
    """clip(x/4 + 1/2, 0, 1): the tangent of the logistic sigmoid at 0, clipped.

    torch's own `Hardsigmoid` has slope 1/6; in place of a trained sigmoid it loses 37 points
    where slope 1/4 loses 13, because the slope at the resting value is what a gate uses most.
    """
    return torch.clamp(x * 0.25 + 0.5, 0.0, 1.0)


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
    "sigmoid": Activation("sigmoid", torch.sigmoid, _logit),
    "hard_sigmoid": Activation("hard_sigmoid", hard_sigmoid, _hard_logit),
    "tanh": Activation("tanh", torch.tanh, None),
}


def activation_named(name: str, *, among: tuple[str, ...]) -> Activation:
    """The activation called `name`; ConfigError lists `among` when it is not one of them."""
    if name not in among:
        raise ConfigError(f"activation {name!r} is not known here; choose one of {among}")
    return ACTIVATIONS[name]
