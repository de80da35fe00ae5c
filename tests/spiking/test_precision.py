"""The grid: units, limits, and why sums on it are exact."""

import pytest
import torch

from spiking import Grid
from spiking.errors import ConfigError


def test_sums_below_the_limit_are_exact_in_any_order() -> None:
    grid = Grid(8, 8, 1.0)
    assert grid.unit == 2.0**-16
    assert grid.limit == 2**22 * grid.unit
    generator = torch.Generator().manual_seed(0)
    units = torch.randint(-4000, 4000, (1000,), generator=generator)
    values = units.float() * grid.unit
    order = torch.randperm(1000, generator=generator)
    exact = int(units.sum()) * grid.unit
    assert float(values.sum()) == float(values[order].cumsum(0)[-1]) == exact


@pytest.mark.parametrize(
    "words", [{"weight_bits": -1}, {"input_bits": 25}, {"input_max": 0.0}, {"forget_bits": 99}]
)
def test_impossible_grids_are_refused(words) -> None:
    given = {"weight_bits": 8, "input_bits": 8, "input_max": 1.0} | words
    with pytest.raises(ConfigError, match=next(iter(words))):
        Grid(**given)
