"""Networks without a portable file are compared all the same."""

from html import unescape

import numpy as np
import pytest

from converter import convert, quantize
from spiking import Compound, Native, Rate
from spiking.errors import ConfigError
from subspike import compared_coded
from subspike.cost import cost
from subspike.page import page
from tests.subspike.trained import STEPS, UNITS, digits, rate_model

TASK = digits()


@pytest.mark.parametrize("code", [Rate(3), Compound(8)], ids=repr)
def test_rate_twin_and_spikes_stand_side_by_side(code) -> None:
    net = convert(rate_model("gated"), code=code, forget=Native()).network
    net = quantize(net, input_bits=4)
    flow = compared_coded(rate_model("gated"), net, TASK, progress=False)
    rate, twin, spiking = flow.comparison.rows
    assert [row.name for row in (rate, twin, spiking)] == ["rate", "quantised rate", "spiking"]
    assert spiking.differing == 0
    assert spiking.total == len(TASK.test_y) * STEPS * UNITS
    found = cost(net, TASK.test_x, TASK.test_y)
    assert (spiking.spikes, spiking.synops) == (found.spikes, found.synops)
    assert spiking.accuracy.value == found.accuracy
    assert np.any(flow.raster["l0.h"])
    assert {"l0.h"} <= set(flow.comparison.drift)
    assert repr(code) in unescape(page(flow.comparison, raster=flow.raster))


def test_without_a_readout_it_is_named() -> None:
    net = convert(rate_model().rnn, code=Compound(4)).network
    with pytest.raises(ConfigError, match="readout"):
        compared_coded(rate_model(), net, TASK)
