"""The three verbs: refusals list everything, inputs are checked before a chip sees them."""

import numpy as np
import pytest

from hardware import TARGETS, check, place, simulate
from spiking.errors import ConfigError, DoesNotFitError, ShapeError
from tests.hardware.chips import DT, chain


def test_a_network_too_large_for_xylo_is_refused_with_every_rule() -> None:
    graph = chain(inputs=17, outputs=9, hidden=70, w_rec=np.ones((70, 70)))
    with pytest.raises(DoesNotFitError) as caught:
        place(graph, TARGETS["xylo-audio2"], dt=DT)
    assert [f.rule for f in caught.value.violations] == [
        "inputs_fit",
        "outputs_fit",
        "fan_out_fits",
    ]
    for words in ("3 rules", "has 17, limit 16", "has 9, limit 8", "has 70, limit 64"):
        assert words in str(caught.value)


def test_checking_changes_nothing_and_needs_a_time_step() -> None:
    graph = chain()
    assert check(graph, TARGETS["xylo-audio3"], dt=DT) == ()
    with pytest.raises(ConfigError, match="dt"):
        check(graph, TARGETS["xylo-audio3"], dt=0.0)


def test_inputs_that_a_chip_cannot_take_are_named() -> None:
    placed = place(chain(), TARGETS["xylo-audio3"], dt=DT)
    with pytest.raises(ShapeError, match=r"expected \(batch, time >= 1, 2\)"):
        simulate(placed, np.zeros((1, 4, 3)))
    with pytest.raises(ConfigError, match="16 times"):
        simulate(placed, np.full((1, 4, 2), 16))
    with pytest.raises(ConfigError, match="whole numbers"):
        simulate(placed, np.full((1, 4, 2), 0.5))
    with pytest.raises(ConfigError, match="whole numbers"):
        simulate(placed, np.full((1, 4, 2), -1))
    with pytest.raises(ConfigError, match="NaN"):
        simulate(placed, np.full((1, 4, 2), np.nan))
