"""A network whose parts do not fit each other is refused by name."""

from dataclasses import replace

import numpy as np
import pytest

from hardware.network import Entry, Exit, group_named, payload_bits
from spiking.errors import ConfigError, ShapeError
from tests.hardware.chips import random_network

NETWORK, _ = random_network(1)
HIDDEN, READOUT = NETWORK.groups
LEVEL = replace(HIDDEN, says="level", knots=np.arange(3))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"groups": (HIDDEN, replace(READOUT, name="n2_hidden"))}, ConfigError, "must differ"),
        ({"exit": Exit("nobody")}, ConfigError, "nobody"),
        ({"ticks": 0}, ConfigError, "positive"),
        ({"dt": float("inf")}, ConfigError, "positive"),
        ({"groups": (replace(HIDDEN, bias=HIDDEN.bias[1:]), READOUT)}, ShapeError, "n2_hidden"),
        ({"groups": (replace(HIDDEN, tick=-1), READOUT)}, ConfigError, "negative"),
        ({"entry": Entry(99)}, ShapeError, "'input' -> 'n2_hidden'"),
        ({"synapses": (replace(NETWORK.synapses[0], source="x"),)}, ConfigError, "no such groups"),
        ({"synapses": (replace(NETWORK.synapses[1], delay=0),)}, ConfigError, "takes a tick"),
        ({"synapses": (replace(NETWORK.synapses[2], delay=-1),)}, ConfigError, "delay -1"),
        ({"synapses": (replace(NETWORK.synapses[2], shift=99),)}, ConfigError, "shift 99"),
        ({"groups": (replace(HIDDEN, says="nobody"), READOUT)}, ConfigError, "says 'nobody'"),
        ({"groups": (replace(HIDDEN, drop=-1), READOUT)}, ConfigError, "without -1 bits"),
        ({"groups": (replace(HIDDEN, says="level"), READOUT)}, ConfigError, "over 0 knots"),
        ({"groups": (LEVEL, READOUT)}, ConfigError, "in its own tick"),
        ({"groups": (replace(LEVEL, knots=np.eye(3)), READOUT)}, ShapeError, "knots"),
    ],
)
def test_what_does_not_fit_is_named(change, error, words) -> None:
    with pytest.raises(error, match=words):
        replace(NETWORK, **change)


def test_groups_are_found_by_name_and_channels_counted() -> None:
    assert len(group_named(NETWORK, "n5_readout")) == len(READOUT)
    with pytest.raises(ConfigError, match="n2_hidden"):
        group_named(NETWORK, "l0")
    assert Entry(3, "digits", digits=5, clocks=(0, 2)).channels == 17
    assert NETWORK.sizes["input"] == np.shape(NETWORK.synapses[0].weight)[1]


def test_a_payload_has_a_sign_and_the_digits_of_the_largest_change() -> None:
    for most, bits in ((1, 2), (32, 7), (63, 7), (64, 8)):
        assert payload_bits(replace(HIDDEN, says="change", spikes=most)) == bits
    assert payload_bits(HIDDEN) == 0
