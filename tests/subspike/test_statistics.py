"""Intervals and tests are those of the published tables and of scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from spiking.errors import ConfigError, EmptyDataError, ShapeError
from subspike.statistics import Interval, mcnemar, paired, resolution, verdict, wilson


def answers(both: int, lost: int, won: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Right and wrong answers of two classifiers with this 2 x 2 table."""
    first = np.repeat([True, True, False, False], [both, lost, won, neither])
    second = np.repeat([True, False, True, False], [both, lost, won, neither])
    return first, second


@pytest.mark.parametrize(
    # Newcombe 1998a, Statistics in Medicine 17:857-872, table I, method 3
    ("successes", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_wilson_is_the_published_table(successes, count, low, high) -> None:
    found = wilson(successes, count)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.value == successes / count


def test_the_paired_interval_is_the_published_example() -> None:
    # Newcombe 1998b, Statistics in Medicine 17:2635-2650, method 10 on 36, 12, 2, 0
    second, first = answers(36, 12, 2, 0)
    found = paired(first, second).delta
    assert (round(found.low, 4), round(found.high, 4)) == (0.0569, 0.3404)
    turned = paired(second, first).delta
    assert turned.low == pytest.approx(-found.high)
    assert turned.high == pytest.approx(-found.low)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(lost, won) -> None:
    wanted = binomtest(lost, lost + won).pvalue if lost + won else 1.0
    assert mcnemar(lost, won) == pytest.approx(wanted, rel=1e-9)


@given(*(st.integers(0, 40) for _ in range(4)))
def test_an_interval_holds_its_value(both, lost, won, neither) -> None:
    if both + lost + won + neither == 0:
        return
    found = paired(*answers(both, lost, won, neither))
    assert -1 - 1e-12 <= found.delta.low <= found.delta.value <= found.delta.high <= 1 + 1e-12
    assert (found.lost, found.won) == (lost, won)


def test_coverage_of_the_paired_interval_is_near_its_confidence() -> None:
    rng = np.random.default_rng(0)
    table, inside = np.array([0.85, 0.06, 0.04, 0.05]), 0
    for _ in range(500):
        found = paired(*answers(*rng.multinomial(300, table)))
        inside += found.delta.low <= table[2] - table[1] <= found.delta.high
    assert 0.92 <= inside / 500 <= 0.99


def test_resolution_is_half_the_width_of_the_normal_interval() -> None:
    assert resolution(500, 10) == pytest.approx(1.959964 * 10**0.5 / 500, rel=1e-6)
    assert resolution(500, 0) == resolution(500, 1)


@pytest.mark.parametrize(
    ("low", "value", "high", "wanted"),
    [
        (-0.009, 0.0, 0.01, "PASS"),
        (-0.02, -0.005, 0.01, "WITHIN"),
        (-0.03, -0.011, 0.0, "DEGRADED"),
        (-0.05, -0.03, -0.02, "FAIL"),
    ],
)
def test_verdicts(low, value, high, wanted) -> None:
    assert verdict(Interval(value, low, high), 0.01) == wanted


def test_bad_input_is_named() -> None:
    none = np.zeros(0, bool)
    for act in (lambda: wilson(0, 0), lambda: paired(none, none), lambda: resolution(0, 0)):
        with pytest.raises(EmptyDataError, match="samples"):
            act()
    with pytest.raises(ShapeError, match="not pairs"):
        paired(np.zeros(3, bool), np.zeros(4, bool))
    with pytest.raises(ConfigError, match="margin is 0"):
        verdict(Interval(0, 0, 0), 0)
    with pytest.raises(ConfigError, match="confidence"):
        wilson(1, 2, confidence=1.0)
