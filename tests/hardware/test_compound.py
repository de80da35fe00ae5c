"""Networks of compound units: parts fit each other, and only chips that take them do."""

from dataclasses import replace

import numpy as np
import pytest

from hardware import TARGETS, CompoundNetwork, check
from hardware.compound import COMPOUNDS
from spiking.errors import ConfigError, ShapeError
from tests.hardware.chips import DT, chain
from tests.hardware.loihi.graded import compound_net

NET = compound_net(sizes=(5, 4))
FIRST, SECOND = NET.layers


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"layers": ()}, ConfigError, "needs a layer"),
        ({"layers": (SECOND, FIRST)}, ShapeError, r"\[4, 5\] units take \[3\]"),
        ({"readout": np.zeros((4, 5))}, ShapeError, "readout"),
        ({"readout": np.full((4, 4), np.nan)}, ConfigError, "readout: numbers"),
        ({"line": np.zeros(4)}, ShapeError, "line"),
        ({"levels": 0}, ConfigError, "levels 0"),
        ({"theta": 0, "input_bits": 25}, ConfigError, "theta 0, input_bits 25"),
        ({"input_max": float("inf")}, ConfigError, "input_max inf"),
    ],
)
def test_a_network_that_does_not_fit_itself_is_named(change, error, words) -> None:
    with pytest.raises(error, match=words):
        replace(NET, **change)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"bias": FIRST.bias[1:]}, ShapeError, "bias"),
        ({"recurrent": FIRST.recurrent[:, 1:]}, ShapeError, "recurrent"),
        ({"into": FIRST.into[1:]}, ShapeError, "into"),
        ({"into": FIRST.into * np.inf}, ConfigError, "into: numbers"),
        ({"forget": FIRST.forget * 0 + 1}, ConfigError, "forget"),
        ({"forget": FIRST.forget * np.nan}, ConfigError, "forget"),
    ],
)
def test_a_layer_that_does_not_fit_itself_is_named(change, error, words) -> None:
    with pytest.raises(error, match=words):
        replace(FIRST, **change)


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_each_chip_takes_one_kind_and_names_the_other(target) -> None:
    takes = target.family is COMPOUNDS
    other = chain() if takes else NET
    (fault,) = check(other, target, dt=DT)
    assert fault.rule == target.family.refusal.rule
    assert fault.have == f"a {'NIRGraph' if takes else CompoundNetwork.__name__}"
