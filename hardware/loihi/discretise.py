"""Real numbers to Loihi's registers, and the error of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..format import KEEP_BITS
from ..network import Ints
from .registers import ALIGN, Registers

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weights:
    """Mantissas and the exponent that they share: a spike adds mantissa * 2^(ALIGN + exponent).

    error  largest |found - wanted|, in units of the state
    """

    mantissa: Ints
    exponent: int
    error: float

    @property
    def added(self) -> NDArray[np.float64]:
        """What a spike adds, in units of the state."""
        return self.mantissa * 2.0 ** (ALIGN + self.exponent)


def weights(wanted: Reals, registers: Registers, *, graded: bool = False) -> Weights:
    """The nearest weights with the smallest exponent that holds the largest of them.

    wanted  what a spike should add, in units of the state
    graded  spikes carry numbers: the exponent may be negative, because the sum of a tick is shifted

    Raises OverflowError where no exponent holds the largest.
    """
    mixed = bool((wanted > 0).any() and (wanted < 0).any())
    step = 2 if mixed else 1
    top = registers.top_weight // step * step
    peak = float(np.abs(wanted).max(initial=0.0))
    least, largest = registers.exponents
    least = least if graded else max(least, 0)
    exponent = least
    if peak > 0:
        exponent = max(least, math.ceil(math.log2(peak / (top + step / 2)) - ALIGN))
    if exponent > largest:
        raise OverflowError(f"a weight of {peak:.4g} needs exponent {exponent}, most {largest}")
    unit = 2.0 ** (ALIGN + exponent)
    mantissa = np.clip(np.round(wanted / (unit * step)) * step, -top, top).astype(np.int64)
    error = float(np.abs(mantissa * unit - wanted).max(initial=0.0))
    return Weights(mantissa, exponent, error)


def kept(forget: Reals, ticks: int, registers: Registers) -> tuple[Ints, float]:
    """4096ths k of a current that a tick keeps, (k/4096)^ticks nearest to `forget`, and the error.

    A current always loses one part at least.
    """
    whole = 2**KEEP_BITS
    root = np.asarray(forget, np.float64) ** (1.0 / ticks) * whole
    most = whole - 1
    below = np.clip(np.floor(root), 0, most)
    above = np.clip(below + 1, 0, most)
    apart = [np.abs((k / whole) ** ticks - forget) for k in (below, above)]
    keep = np.where(apart[0] <= apart[1], below, above).astype(np.int64)
    error = float(np.minimum(*apart).max(initial=0.0))
    if keep.max(initial=0) >= 2**registers.decay:
        raise OverflowError("decays are counted in 4096ths")
    return keep, error


def biases(wanted: Reals, registers: Registers) -> tuple[Ints, float]:
    """The nearest mantissa * 2^exponent, the exponent each neuron's own; and the largest error.

    Raises OverflowError where a bias is beyond the register.
    """
    most = 2 ** (registers.bias - 1) - 1
    if np.abs(wanted).max(initial=0.0) > registers.top_bias:
        raise OverflowError(f"a bias of {np.abs(wanted).max():.4g} is beyond {registers.top_bias}")
    with np.errstate(divide="ignore"):
        exponent = np.ceil(np.log2(np.maximum(np.abs(wanted), 1.0) / most)).clip(0).astype(np.int64)
    found = np.round(wanted / 2.0**exponent).astype(np.int64)
    # a mantissa that rounds up past the register takes the next exponent
    exponent += np.abs(found) > most
    found = np.round(wanted / 2.0**exponent).astype(np.int64) << exponent
    return found, float(np.abs(found - wanted).max(initial=0.0))


def thresholds(wanted: Reals, registers: Registers) -> tuple[Ints, float]:
    """The nearest multiples of 2^ALIGN, 1 of them at least; and the largest error.

    Raises OverflowError where a threshold is beyond the register.
    """
    if wanted.max(initial=0.0) > registers.top_threshold:
        raise OverflowError(f"a threshold of {wanted.max():.4g} is beyond the register")
    found = np.maximum(np.round(wanted / 2.0**ALIGN), 1).astype(np.int64) << ALIGN
    return found, float(np.abs(found - wanted).max(initial=0.0))
