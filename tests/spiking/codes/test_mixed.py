"""A mixture is its two codes, each for its own value."""

import pytest
import torch

from spiking.activation import ACTIVATIONS
from spiking.codes import Compound, Mixed, Population, Rate, Site
from spiking.errors import ConfigError

SITE = Site(ACTIVATIONS["sigmoid"])


def test_each_value_has_its_own_levels() -> None:
    draw = torch.Generator().manual_seed(0)
    z, i, o = (torch.randn(50, 3, generator=draw) for _ in range(3))
    cell = 8 * torch.randn(50, 3, generator=draw, dtype=torch.float64)
    code, inner, outer = Mixed(Population(4), Population(16)), Population(4), Population(16)
    u = code.update(z, i, {}, SITE)
    assert torch.equal(u.value, 4.0 * inner.update(z, i, {}, SITE).value.double())
    h = code.output(cell, o, {}, SITE)
    assert torch.equal(h.value, outer.output(cell, o, {}, SITE).value)
    assert (code.copies("z"), code.copies("o"), code.local) == (4, 16, 16)


def test_ticks_add_up() -> None:
    assert Mixed(Population(4), Population(8)).micro_steps == 1
    assert Mixed(Rate(4), Rate(8)).micro_steps == 12
    assert Mixed(Rate(4), Compound(8)).micro_steps == 5


def test_mixtures_of_mixtures_are_refused() -> None:
    with pytest.raises(ConfigError, match="plain"):
        Mixed(Mixed(Rate(2), Rate(4)), Rate(4))
