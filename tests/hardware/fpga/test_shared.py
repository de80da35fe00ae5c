"""What is shared gives back every row and column."""

import numpy as np
import pytest

from hardware.fpga.shared import leading_sign, shared_columns, shared_rows


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_their_base_times_their_factor(seed) -> None:
    rng = np.random.default_rng(seed)
    base = rng.integers(-3, 4, (4, 6))
    rows = base[rng.integers(0, 4, 20)] * rng.integers(-5, 6, (20, 1))
    keys = rng.integers(0, 2, 20)
    found, which, factor = shared_rows(rows, keys)
    assert np.array_equal(found[which] * factor[:, None], rows)
    assert len(found) <= 2 * 5
    for one in range(len(found)):
        assert len(set(keys[which == one])) == 1
        assert np.gcd.reduce(factor[which == one]) == 1


def test_columns_are_equal_up_to_sign_only() -> None:
    columns = np.array([[1, -2], [-1, 2], [2, -4], [0, 0]])
    base, which, sign = shared_columns(columns)
    assert len(base) == 2
    assert which.tolist() == [0, 0, 1, -1]
    assert np.array_equal(base[which[:3]] * sign[:3, None], columns[:3])


def test_rows_without_entries_have_no_sign() -> None:
    assert leading_sign(np.zeros((2, 0), np.int64)).tolist() == [0, 0]
    found, which, factor = shared_rows(np.zeros((2, 0), np.int64), np.zeros(2, np.int64))
    assert (found.shape, which.tolist(), factor.tolist()) == ((1, 0), [0, 0], [1, 1])
