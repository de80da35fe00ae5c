"""Real numbers to Loihi's registers, and the error of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..format import KEEP_BITS
from ..levels import whole
from ..network import Ints
from .registers import ALIGN, Registers

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """Mantissas of one sign: a spike adds mantissa * 2^(ALIGN + exponent) to the current."""

    mantissa: Ints
    exponent: int


def most_of(registers: Registers, least: int) -> float:
    """The largest weight that two synapses give, in units of the state."""
    return float(((registers.top_weight + 1) << (registers.weight - 1)) - 1) * 2.0 ** (
        ALIGN + least
    )


def one_synapse(unit: float, registers: Registers) -> int:
    """The largest weight up to `unit` that one synapse gives exactly; never below the least."""
    mantissa = int(unit) >> ALIGN
    if mantissa > registers.top_weight:
        low = registers.weight - 1
        mantissa = min(mantissa >> low, registers.top_weight) << low
    return max(mantissa, 1) << ALIGN


def weights(
    wanted: Reals, registers: Registers, *, least: int = 0, chains: Sequence[Ints] = ()
) -> tuple[list[Part], Reals]:
    """The nearest multiples of 2^(ALIGN + least), and the error of each weight.

    wanted  what a spike should add, in units of the state  # (targets, sources)
    chains  sources that fire in this order: their weights are rounded so that every partial sum
            is the nearest, because no other sums occur

    Connections of one sign use all 8 bits of a mantissa, so the signs are kept apart. A weight
    that takes more gives its upper bits to a second synapse with the largest exponent.

    Raises OverflowError where two mantissas do not hold the largest.
    """
    unit = 2.0 ** (ALIGN + least)
    exact = wanted / unit
    found = whole(exact, chains)
    error: Reals = np.abs(found - exact) * unit
    parts = []
    low = registers.weight - 1
    for sign in (1, -1):
        size = np.maximum(sign * found, 0)
        if size.max(initial=0) * unit > most_of(registers, least):
            raise OverflowError(f"a weight of {size.max() * unit:.4g} takes more than two synapses")
        large = size > registers.top_weight
        upper = np.where(large, size >> low, 0)
        pieces = [(upper, least + low), (size - (upper << low), least)]
        parts += [Part(sign * piece, exponent) for piece, exponent in pieces if piece.any()]
    return parts, error


def weights_above(wanted: Ints, registers: Registers) -> tuple[Ints, int]:
    """Mantissas of one sign, not below `wanted` (0 stays 0), and the least exponent for them."""
    for exponent in range(registers.exponents[1] + 1):
        mantissa = -(-wanted >> (ALIGN + exponent))
        if mantissa.max(initial=0) <= registers.top_weight:
            return mantissa, exponent
    raise OverflowError(f"a weight of {wanted.max()} needs a larger exponent than there is")


def kept(forget: Reals, ticks: int, registers: Registers) -> tuple[Ints, float]:
    """4096ths k of a current that a tick keeps, (k/4096)^ticks nearest to `forget`, and the error.

    A current always loses one part at least.
    """
    parts = 2**KEEP_BITS
    root = np.asarray(forget, np.float64) ** (1.0 / ticks) * parts
    most = parts - 1
    below = np.clip(np.floor(root), 0, most)
    above = np.clip(below + 1, 0, most)
    apart = [np.abs((k / parts) ** ticks - forget) for k in (below, above)]
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
