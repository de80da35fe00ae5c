"""Random networks through the vendor's mapper: every number that it would load is read back."""

import numpy as np
import pytest

from hardware import TARGETS, map_with_vendor
from hardware.workers.spynnaker_worker import _a_core, _said
from tests.hardware.chips import configured
from tests.hardware.spinnaker.nets import random_network

SOFTWARE = TARGETS["spinnaker1"].mapper.software


# weights of 16 bits, delays of two ticks, a group of both models of neuron
@pytest.mark.skipif(
    SOFTWARE.python is None, reason=f"spynnaker is not installed: {SOFTWARE.command}"
)
@pytest.mark.parametrize("seed", [0, 7])
def test_every_loaded_number_is_ours(seed) -> None:
    network, _ = random_network(seed)
    found = map_with_vendor(configured(network))
    assert found.differing == 0
    assert found.total > sum(each.weight.size for each in network.synapses)
    kept = network.groups[0].current_decay > 0
    home = found.placement.cores["hidden"]
    # a core runs one model of neuron
    assert not np.intersect1d(home[kept], home[~kept]).size


def test_equal_parts_of_a_population_keep_to_what_a_core_can_add_up() -> None:
    events = np.array([5, 5, 1, 1, 9, 1])
    assert _a_core(events, 4, {"synaptic events a tick": 12}) == 4
    assert _a_core(events, 4, {"synaptic events a tick": 11}) == 3
    assert _a_core(events, 6, {"synaptic events a tick": 2}) == 1
    assert _a_core(events, 6, {}) == 6


def test_what_the_vendor_says_has_no_addresses_and_one_line() -> None:
    said = _said(ValueError("Version <a.b.Version3 object at 0x7f9c> has\n no room"))
    assert said == "ValueError: Version Version3 has no room"
