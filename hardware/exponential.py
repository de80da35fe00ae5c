"""e^(-1/tau) as SpiNNaker computes it: a time constant in S16.15 to factors in U0.32.

The chip is given tau, in ticks, and divides and exponentiates when it starts
(neural_modelling/src/neuron/synapse_types/exp_synapse_utils.h, decay_and_init):

    k     = floor(2^30 / tau)                  1 / tau in S16.15 (common/maths-util.h, kdivk)
    keep  = e^(-k / 2^15)                      in U0.32 (spinn_common, src/stdfix-exp.c, expulr)
    gain  = floor(tau (1 - keep) / 2^15)       in U0.32, modulo 1 (neuron/decay.h,
                                               decay_s1615_to_u032)

`expulr` takes e^z of the integer part from a table, then 1 - e^(-j/16) from a second one, then
1 - e^(-y) of the rest from a parabola.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .network import Ints

# fractional bits of a factor, and of an S16.15 number
FRACTION, REAL = 32, 15
_ONE = 1 << FRACTION
# 1 - e^(-y) in three terms of y; spinn_common, src/stdfix-exp.c
_SERIES = (5294, 4293434720, 2081624032)
# below this it is 0; the same file
_LEAST = -340695


@dataclass(frozen=True, eq=False)
class Factors:
    """What a tick keeps of a current, and what it takes of what arrives: (neurons,), U0.32.

    1 is 2^32 here, which the chip has no word for; it stands where nothing is multiplied.
    """

    keep: Ints
    gain: Ints


def time_constants(keep: NDArray[np.float64]) -> Ints:
    """Registers, in 2^-15 ticks, with which a tick keeps what is nearest to `keep`; 0 for 0.

    Of all tau with the same k the least, because the gain of a larger one may reach 1, which is 0.
    """
    with np.errstate(divide="ignore"):
        exact = np.where(keep > 0, -np.log(keep), 0.0) * 2**REAL
    low = np.maximum(np.floor(exact), 1).astype(np.int64)
    both = [(1 << 2 * REAL) // (k + 1) + 1 for k in (low, low + 1)]
    apart = [np.abs(factors(tau).keep / _ONE - keep) for tau in both]
    nearest = np.where(apart[0] <= apart[1], *both)
    return np.where(keep > 0, nearest, 0)


def factors(tau: Ints) -> Factors:
    """Of time constants in 2^-15 ticks; 0 for a synapse that keeps nothing and takes all."""
    return _factors(tau.tobytes())


@lru_cache(maxsize=64)
def _factors(packed: bytes) -> Factors:
    pairs = [_pair(int(tau)) for tau in np.frombuffer(packed, np.int64)]
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return Factors(both[:, 0], both[:, 1])


@lru_cache(maxsize=4096)
def _pair(tau: int) -> tuple[int, int]:
    if tau == 0:
        return 0, _ONE
    keep = exponential(-((1 << 2 * REAL) // tau))
    return keep, ((tau * (_ONE - 1 - keep)) >> REAL) % _ONE


def exponential(x: int) -> int:
    """e^(x / 2^15) in U0.32 for x < 0, bit for bit as `expulr` has it."""
    if x < _LEAST:
        return 0
    whole = -(-x >> REAL)
    rest = -x - (-whole << REAL)
    found = round(_ONE * math.exp(whole))
    if rest:
        found -= _scaled(found, round(_ONE * -math.expm1(-(rest >> 11) / 16)))
        y = (rest & 0x7FF) << 17
        rise = ((_SERIES[1] - ((_SERIES[2] * y) >> FRACTION)) * y) >> FRACTION
        found -= _scaled(found, rise + _SERIES[0])
    return found


def _scaled(value: int, part: int) -> int:
    """Value times part / 2^32, with the upper and the lower word of value apart (scale64)."""
    low = (value % _ONE) * part
    # as the compiled code compares: one below a half is rounded up, too
    up = low % _ONE >= _ONE // 2 - 1
    return (low >> FRACTION) + up + (value >> FRACTION) * part
