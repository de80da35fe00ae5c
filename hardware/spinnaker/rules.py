"""What a population graph must keep so that ring buffers of 16 bits can hold it."""

from __future__ import annotations

import numpy as np

from ..layers import Stack
from ..populations import numbers
from ..target import Target
from ..turns import reach
from ..violation import Violation
from .population import TOP

# a unit of the ring buffer is then a 256th of a threshold: our own bound, as coarse as the 8 bits
# of other chips
_THRESHOLDS = 256


def ring_buffers_resolve_thresholds(stack: Stack, _target: Target, dt: float) -> list[Violation]:
    """A neuron's largest sum of a sign fills 16 bits; its threshold must be many units of them."""
    found = []
    for layer in stack.layers:
        n = numbers(stack.graph, layer, dt)
        fed = reach(np.concatenate([n.into, n.recurrent], axis=1)) + np.abs(n.bias)
        for name, sums in ((layer.gates, fed), (layer.cell, reach(n.mix))):
            most = float(sums.max(initial=0.0))
            if most > TOP / _THRESHOLDS:
                found.append(
                    Violation(
                        "ring_buffers_resolve_thresholds",
                        name,
                        f"sums of {most:.4g} thresholds",
                        f"{TOP // _THRESHOLDS}",
                        "train with smaller weights",
                    )
                )
    return found
