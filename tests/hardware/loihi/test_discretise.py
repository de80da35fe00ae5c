"""Rounding to registers: the nearest, with its error told, and nothing beyond a register."""

import numpy as np
import pytest

from hardware.loihi.discretise import biases, kept, thresholds, weights, weights_above
from hardware.loihi.registers import LOIHI_1, LOIHI_2

RNG = np.random.default_rng(0)


def added(parts) -> np.ndarray:
    """What a spike adds over all parts."""
    return sum(part.mantissa * 2.0 ** (6 + part.exponent) for part in parts)


@pytest.mark.parametrize("size", [100.0, 1e3, 2e4, 2e6])
def test_weights_are_the_nearest_multiples_of_64_in_parts_of_8_bits_and_one_sign(size) -> None:
    wanted = RNG.uniform(-size, size, (20, 30))
    parts, error = weights(wanted, LOIHI_1)
    assert np.array_equal(added(parts), np.round(wanted / 64) * 64)
    assert np.array_equal(error, np.abs(added(parts) - wanted))
    for part in parts:
        signs = np.unique(np.sign(part.mantissa))
        assert len(signs[signs != 0]) == 1
        assert np.abs(part.mantissa).max() <= 255
        assert part.exponent in (0, 7)


def test_a_weight_of_8_bits_takes_one_synapse_whatever_its_neighbours_take() -> None:
    parts, _ = weights(np.array([[100.0, 255.0, 256.0, 3000.0]]) * 64, LOIHI_1)
    assert sum((part.mantissa != 0).astype(int) for part in parts).tolist() == [[1, 1, 1, 2]]


def test_graded_weights_have_a_smaller_unit() -> None:
    wanted = RNG.uniform(-5e3, 5e3, (5, 6))
    parts, error = weights(wanted, LOIHI_2, least=-4)
    assert np.array_equal(added(parts), np.round(wanted / 4) * 4)
    assert error.max() <= 2


def test_partial_sums_of_a_chain_are_the_nearest() -> None:
    wanted = RNG.uniform(0, 300, (20, 1)) * np.ones((1, 6))
    chain = np.array([3, 0, 5, 1])
    parts, _ = weights(wanted, LOIHI_1, chains=[chain])
    sums = np.cumsum(added(parts)[:, chain], axis=1)
    assert np.array_equal(sums, np.round(np.cumsum(wanted[:, chain], axis=1) / 64) * 64)


def test_what_no_two_mantissas_hold_is_refused() -> None:
    with pytest.raises(OverflowError, match="more than two synapses"):
        weights(np.array([[64.0 * 2**15]]), LOIHI_1)
    with pytest.raises(OverflowError, match="larger exponent"):
        weights_above(np.array([256 << 13]), LOIHI_1)


def test_weights_above_are_above_by_less_than_a_unit() -> None:
    wanted = np.array([0, 1, 64, 65, 70_000])
    mantissa, exponent = weights_above(wanted, LOIHI_1)
    found = mantissa << (6 + exponent)
    assert ((found >= wanted) & (found - wanted < 64 << exponent)).all()
    assert mantissa[0] == 0
    assert exponent == 3


@pytest.mark.parametrize("ticks", [1, 2, 3])
def test_decays_are_the_nearest_of_all(ticks) -> None:
    forget = np.concatenate([[0.0, 0.999999], RNG.uniform(0, 1, 50)])
    keep, error = kept(forget, ticks, LOIHI_1)
    every = (np.arange(4096) / 4096) ** ticks
    best = np.abs(every[None, :] - forget[:, None]).min(axis=1)
    assert np.array_equal(np.abs((keep / 4096) ** ticks - forget), best)
    assert error == best.max()
    assert keep.max() <= 4095


def test_biases_are_a_mantissa_and_an_exponent_each() -> None:
    wanted = np.array([0.0, 1.4, -4095.0, 4095.6, 4096.0, 8191.0, -524_160.0])
    found, error = biases(wanted, LOIHI_1)
    assert found.tolist() == [0, 1, -4095, 4096, 4096, 8192, -524_160]
    assert error == 1.0
    with pytest.raises(OverflowError, match="beyond"):
        biases(np.array([524_161.0]), LOIHI_1)


def test_thresholds_are_multiples_of_64_and_at_least_one() -> None:
    found, error = thresholds(np.array([1.0, 95.0, 97.0]), LOIHI_1)
    assert found.tolist() == [64, 64, 128]
    assert error == 63.0
    with pytest.raises(OverflowError, match="beyond"):
        thresholds(np.array([131_072.0 * 64]), LOIHI_1)
