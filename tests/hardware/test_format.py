"""Decays, overflow and firing, each against its formula in Python integers."""

from fractions import Fraction
from math import floor, trunc

import numpy as np
import pytest

from hardware import Format, Word
from hardware.format import DECAYS, Count, added, fired, fitted, negated
from spiking.errors import ConfigError

VALUES = np.array([0, 1, -1, 3, -3, 9, -9, 4095, -4096, 32767, -32768])
SAT, CLIP, CLAMP, WRAP = (Word(16, how) for how in ("saturate", "clip", "clamp", "wrap"))


@pytest.mark.parametrize("keep", [0, 1, 1448, 2048, 4095, 4096])
def test_kept_parts_are_rounded_as_they_say(keep) -> None:
    exact = [Fraction(int(v) * keep, 4096) for v in VALUES]
    towards = VALUES - DECAYS["toward_zero"](VALUES, np.array(keep))
    assert towards.tolist() == [trunc(each) for each in exact]
    half_up = VALUES - DECAYS["half_up"](VALUES, np.array(keep))
    assert half_up.tolist() == [floor(each + Fraction(1, 2)) for each in exact]


def test_a_shift_never_stalls() -> None:
    values = np.array([0, 1, -1, 9, -9, -32768])
    assert DECAYS["shift"](values, np.array(15)).tolist() == [0, 1, -1, 1, -1, -1]


def test_what_does_not_fit_is_wrapped_clipped_or_saturated_and_counted() -> None:
    values = np.array([32767, 32768, -32768, -32769, 70000])
    for word, wanted, times in (
        (WRAP, [32767, -32768, -32768, 32767, 4464], 3),
        (CLIP, [32767, 32767, -32767, -32767, 32767], 4),
        (CLAMP, [32767, 32767, -32768, -32768, 32767], 3),
        (SAT, [32767, 32767, -32768, -32768, 32767], 3),
    ):
        count = Count()
        assert fitted(values, word, count).tolist() == wanted
        assert count.overflows == times


def test_only_saturating_sums_depend_on_their_order() -> None:
    parts = tuple(np.array([v]) for v in (30000, 30000, -30000))
    assert added(parts, SAT, Count()).tolist() == [2767]
    assert added(parts, CLIP, Count()).tolist() == [30000]
    assert added(parts, CLAMP, Count()).tolist() == [30000]


def test_the_lowest_number_is_its_own_negative() -> None:
    assert negated(np.array([-32768, 5]), SAT).tolist() == [-32768, -5]


@pytest.mark.parametrize(
    ("fires", "reset", "most", "spikes", "left"),
    [
        ("at", "subtract", 31, [0, 1, 2, 31], [9, 0, 1, 90]),
        ("above", "subtract", 31, [0, 0, 2, 31], [9, 10, 1, 90]),
        ("at", "zero", 1, [0, 1, 1, 1], [9, 0, 0, 0]),
        ("above", "zero", 1, [0, 0, 1, 1], [9, 10, 0, 0]),
        ("above", "zero", 0, [0, 0, 0, 0], [9, 10, 21, 400]),
    ],
)
def test_thresholds_and_resets(fires, reset, most, spikes, left) -> None:
    how = Format(8, SAT, SAT, "shift", fires=fires, reset=reset)
    found = fired(np.array([9, 10, 21, 400]), np.array([10]), most, how)
    assert [each.tolist() for each in found] == [spikes, left]


@pytest.mark.parametrize(("most", "spikes"), [(1, [0, 1, 1, 0, 0]), (3, [0, 1, 3, 0, 0])])
def test_beyond_a_negative_threshold_is_below_it(most, spikes) -> None:
    how = Format(8, SAT, SAT, "shift", fires="beyond", reset="subtract")
    values, bar = np.array([-10, -11, -99, 10, 99]), np.array([-10])
    found, left = fired(values, bar, most, how)
    assert found.tolist() == spikes
    assert left.tolist() == (values + 10 * np.array(spikes)).tolist()
    above = [each.tolist() for each in fired(-values, -bar, most, how)]
    assert above == [spikes, (-left).tolist()]


def test_unknown_words_are_refused() -> None:
    with pytest.raises(ConfigError, match="explode"):
        Word(16, "explode")
    with pytest.raises(ConfigError, match="fires 'never'"):
        Format(8, SAT, SAT, "shift", fires="never")
