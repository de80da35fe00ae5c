"""What others hear of a potential: spikes, a level inside the neuron, a graded change, nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .format import Format, fired
from .network import Ints, Neurons

# potentials that a tick reached to what is said and what is left of them  # (batch, neurons)
Say = Callable[[Ints], tuple[Ints, Ints]]


@dataclass(frozen=True)
class Saying:
    """A way to say something.

    start   of a group that obeys a format, a function with the memory that it needs
    kept    type in which a trace keeps it; None where it never leaves a neuron
    events  of what was said, how often something was  # (batch, ticks, neurons) to (batch, neurons)
    """

    start: Callable[[Neurons, Format], Say]
    kept: type[np.integer[Any]] | None
    events: Callable[[NDArray[Any]], Ints]


def _spikes(neurons: Neurons, how: Format) -> Say:
    """As many as the format's threshold says."""
    return lambda reached: fired(reached, neurons.threshold, neurons.spikes, how)


def _levels(neurons: Neurons, _how: Format) -> Say:
    """The line through the group's knots, at every tick."""
    return lambda reached: (interpolated(reached, neurons.knots, neurons.drop), reached)


def _changes(neurons: Neurons, _how: Format) -> Say:
    """A sigma-delta coder: what is said adds up to the last value that was said.

        n = floor(V / 2^drop),   m = n - s where |n - s| >= threshold, else 0,   s := s + m

    V potential, s what was said so far, from 0 on, m the message.
    """
    said = np.zeros(len(neurons), np.int64)

    def say(reached: Ints) -> tuple[Ints, Ints]:
        nonlocal said
        change = (reached >> neurons.drop) - said
        message = np.where(np.abs(change) >= neurons.threshold, change, 0)
        said = said + message
        return message, reached

    return say


def _nothing(_neurons: Neurons, _how: Format) -> Say:
    """The potential is only read."""
    return lambda reached: (np.zeros_like(reached), reached)


def interpolated(potential: Ints, knots: Ints, drop: int) -> Ints:
    """The line through `knots`, whose middle one stands at 0 and which are 2^drop apart.

        y = T_j + floor((T_{j+1} - T_j) r / 2^drop),   V + n 2^drop / 2 = j 2^drop + r

    V potential, T knots, n pieces between them; beyond the outermost, V is clipped.
    """
    pieces = len(knots) - 1
    place = np.clip(potential + ((pieces // 2) << drop), 0, (pieces << drop) - 1)
    piece = place >> drop
    left = knots[piece]
    value: Ints = left + ((knots[piece + 1] - left) * (place - (piece << drop)) >> drop)
    return value


def _added(said: NDArray[Any]) -> Ints:
    total: Ints = said.sum(1, dtype=np.int64)
    return total


def _counted(said: NDArray[Any]) -> Ints:
    count: Ints = np.count_nonzero(said, axis=1).astype(np.int64)
    return count


SAYINGS: dict[str, Saying] = {
    "change": Saying(_changes, np.int32, _counted),
    "level": Saying(_levels, None, _counted),
    "nothing": Saying(_nothing, None, _counted),
    "spikes": Saying(_spikes, np.uint8, _added),
}
