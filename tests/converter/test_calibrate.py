"""Ranges are those of the data, and the samples that they come from are written down."""

import pytest
import torch

from converter import calibrate, rate_trace
from spiking.errors import ConfigError, EmptyDataError, NotFiniteError, ShapeError
from tests.converter.small_models import random_rate, random_x

RATE = random_rate(1, forget="gated")


def test_ranges_are_those_of_the_data() -> None:
    x = random_x(batch=300)
    found = calibrate(RATE, [x[:100], x[100:]], percentile=100.0)
    with torch.no_grad():
        wanted = rate_trace(RATE, x)
    for name, values in wanted.items():
        range_ = found.ranges[name]
        assert range_.low == pytest.approx(float(values.min()))
        assert range_.high == pytest.approx(float(values.max()))
        assert range_.mean == pytest.approx(float(values.mean()), abs=1e-6)
        assert range_.clipped == 0.0
    narrow = calibrate(RATE, x, percentile=90.0).ranges["l0.c"]
    assert narrow.clipped == pytest.approx(0.2, abs=0.01)
    assert narrow.high < found.ranges["l0.c"].high


def test_calibration_and_test_data_can_be_shown_to_be_disjoint() -> None:
    found = calibrate(RATE, random_x(batch=4), indices=[7, 3, 9, 1])
    assert found.indices == (7, 3, 9, 1)
    found.require_disjoint(range(10, 20))
    with pytest.raises(ConfigError, match=r"2 samples .*\[3, 9\]"):
        found.require_disjoint([3, 4, 9])


def test_a_coincidence_reaches_as_far_as_the_cells() -> None:
    found = calibrate(RATE, random_x(batch=50))
    cells = found.ranges["l0.c"]
    assert found.coincidence().reach == max(abs(cells.low), abs(cells.high))


@pytest.mark.parametrize(
    ("data", "words", "error"),
    [
        ([], {}, EmptyDataError),
        (iter([]), {}, EmptyDataError),
        (torch.full((2, 3, 3), float("nan")), {}, NotFiniteError),
        (torch.zeros(2, 3, 9), {}, ShapeError),
        (torch.zeros(2, 3, 3), {"percentile": 50.0}, ConfigError),
        (torch.zeros(2, 3, 3), {"indices": [1]}, ConfigError),
        (torch.zeros(2, 3, 3), {"indices": [1, 1]}, ConfigError),
    ],
)
def test_data_that_cannot_be_calibrated_on_is_named(data, words, error) -> None:
    with pytest.raises(error):
        calibrate(RATE, data, **words)
