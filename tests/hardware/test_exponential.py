"""A time constant's factors, beside exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest

from hardware.exponential import exponential, factors, time_constants

TAUS = [1, 2**13, 2**15, 3 * 2**15 + 7, 40 * 2**15 + 1, 600 * 2**15]


@pytest.mark.parametrize("tau", TAUS)
def test_factors_are_those_of_a_tick(tau) -> None:
    found = factors(np.array([tau]))
    keep, gain = int(found.keep[0]), int(found.gain[0])
    # 1 / tau has 15 fractional bits, and the parabola is good for 2^-19
    exact = math.exp(-((2**30 // tau) / 2**15))
    assert keep == pytest.approx(exact * 2**32, abs=2**13)
    assert gain == math.floor(Fraction(tau * (2**32 - 1 - keep), 2**15))
    assert 0 < gain <= 2**32 or tau == 1


def test_whole_numbers_of_ticks_come_from_the_table_of_powers_of_e() -> None:
    for whole in range(1, 11):
        assert abs(exponential(-whole << 15) - 2**32 * math.exp(-whole)) <= 0.5
    assert exponential(-340696) == 0
    values = [exponential(-k) for k in range(1, 200_000, 11)]
    assert np.diff(values).max() < 0


def test_nothing_is_kept_and_all_is_taken_without_a_time_constant() -> None:
    found = factors(np.array([0]))
    assert (found.keep[0], found.gain[0]) == (0, 2**32)


def test_the_gain_starts_again_at_nought_beyond_its_bits() -> None:
    assert factors(np.array([8191 << 15])).gain[0] < 2**27


def test_the_nearest_time_constant_keeps_what_was_asked_for_with_a_gain_that_fits() -> None:
    wanted = np.concatenate([[0.0], np.sqrt(np.arange(1, 4096) / 4096)])
    tau = time_constants(wanted)
    found = factors(tau)
    error = np.abs(found.keep / 2**32 - wanted)
    assert tau[0] == error[0] == 0
    assert error[1024:].max() < 2**-16 + 2**-19
    assert error.max() < 2**-10
    assert found.gain[1:].min() > 0
    # tau (1 - e^(-1/tau)) falls to 1/2 where tau is 0.6 ticks
    fits = found.gain[64:] / 2**32
    assert ((fits > 0.4) & (fits < 1)).all()
