"""Joules and seconds of a run in real time."""

import pytest

from hardware import TARGETS, emulate
from hardware.spinnaker.energy import board_joules, seconds
from tests.hardware.chips import configured
from tests.hardware.spinnaker.nets import random_network


def test_a_tick_is_a_millisecond_of_all_chips_in_use() -> None:
    network, inputs = random_network(2)
    whole, run = configured(network), emulate(network, inputs)
    assert seconds(whole, run).value == pytest.approx(run.ticks * 1e-3)
    cores = whole.placement.count
    assert cores <= 17
    power = run.ticks * 1e-3 * (0.35 + cores * 0.034)
    assert board_joules(whole, run).value == pytest.approx(power + run.fired.mean() * 1e-9)


def test_every_table_is_an_estimate_with_its_source() -> None:
    network, inputs = random_network(2)
    whole, run = configured(network), emulate(network, inputs)
    for name, meters in (("spinnaker1", 2), ("spinnaker2", 1)):
        found = [meter(whole, run) for meter in TARGETS[name].energy]
        assert len(found) == meters
        assert all(each.value > 0 and each.source and each.kind == "estimate" for each in found)
