"""Widths hold the largest number that may come, and no more."""

import numpy as np
import pytest

from hardware import Word
from hardware.fpga.fold import Folded, Row, Rung, Term
from hardware.fpga.widths import Scaling, bits, is_coarse, measured
from hardware.fpga.wires import Wires
from spiking.errors import ConfigError

WORD = Word(32, "clip")


def one_row(
    weight: int, *, decay: int = 0, factor: int = 1, bias: int = 0, threshold: int = 3
) -> Folded:
    ladder = (Rung(factor, 0, threshold, 1),)
    row = Row(0, (Term(old=False, column=0, weight=weight),), bias, decay, True, 1, (0,), ladder)
    return Folded(1, np.array([1]), (row,), Wires({"g": 0}, np.array([0]), np.array([0])))


def widths(network: Folded, inputs: int = 4):
    return measured(network, Scaling(0, 0, 8), inputs=inputs, word=WORD)


def test_bits_of_a_magnitude() -> None:
    assert [bits(n) for n in (0, 1, 2, 127, 128)] == [2, 2, 3, 8, 9]


def test_a_sum_at_its_worst_just_fits() -> None:
    found = widths(one_row(10, bias=-5))
    # 8 * 10 in the lane, 85 with the bias
    assert (found.lane_sum, found.sum, found.state) == (bits(80), bits(85), bits(85))
    assert not found.clamps


def test_a_memory_reaches_its_fixed_point() -> None:
    # |s| <= (m |s| + 2048) / 4096 + 80 has its fixed point at 160 + 1/2 * 2 = 161
    assert widths(one_row(10, decay=2048)).state == bits(161)


def test_what_leaves_the_word_is_clamped_with_a_memory_and_refused_without() -> None:
    wild = widths(one_row(2**27, decay=4095))
    assert (wild.clamps, wild.high, wild.state) == (True, 2**31 - 1, 32)
    assert widths(one_row(2**27, decay=4095, threshold=2**33)).state == bits(2**33)
    with pytest.raises(ConfigError, match="32 bits"):
        widths(one_row(2**29))


def test_other_factors_than_one_multiply_narrow_sums_only() -> None:
    found = widths(one_row(1, factor=-1000))
    assert (found.factor, found.narrow) == (bits(1000), bits(8))
    assert widths(one_row(1, factor=-1)).narrow == 2


def test_common_powers_of_two() -> None:
    (row,) = one_row(24).rows
    assert (is_coarse(row, 3), is_coarse(row, 4), is_coarse(row, 0)) == (True, False, False)
