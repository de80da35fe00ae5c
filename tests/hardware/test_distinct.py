"""Rows that differ, against Python's sets; also where the random products collide."""

import numpy as np
import pytest

from hardware.distinct import distinct


@pytest.mark.parametrize("shape", [(40, 3), (7, 1), (1, 5), (0, 4)])
def test_rows_come_back_from_those_that_differ(shape) -> None:
    rows = np.random.default_rng(1).integers(-1, 2, shape)
    found, which = distinct(rows)
    assert len(found) == len({tuple(row) for row in rows.tolist()})
    assert np.array_equal(found[which], rows)


def test_rows_of_one_product_are_compared_all_the_same(monkeypatch) -> None:
    class Same:
        def integers(self, _low, _high, count):
            return np.zeros(count, np.int64)

    monkeypatch.setattr(np.random, "default_rng", lambda _seed: Same())
    rows = np.array([[1, 2], [3, 4], [1, 2]])
    found, which = distinct(rows)
    assert found.tolist() == [[1, 2], [3, 4]]
    assert which.tolist() == [0, 1, 0]
