"""Random networks through the vendor's mapper: every number that it would load is read back."""

import numpy as np
import pytest

from hardware import TARGETS, map_with_vendor
from tests.hardware.chips import configured
from tests.hardware.spinnaker.nets import random_network

SOFTWARE = TARGETS["spinnaker1"].mapper.software
pytestmark = pytest.mark.skipif(
    SOFTWARE.python is None, reason=f"spynnaker is not installed: {SOFTWARE.command}"
)


# weights of 16 bits, delays of two ticks, a group of both models of neuron
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
