"""What a core of SpiNNaker is counted to hold."""

import numpy as np

from hardware import TARGETS
from hardware.placement import placed
from hardware.spinnaker.cores import EVENTS, NEURONS, binaries
from tests.hardware.spinnaker.nets import random_network


def test_a_core_runs_one_binary_and_neurons_of_one_group() -> None:
    several = (random_network(seed)[0] for seed in range(20))
    network = next(each for each in several if len(set(each.groups[0].current_decay > 0)) == 2)
    hidden = network.groups[0]
    kept = np.nonzero(hidden.current_decay)[0]
    assert binaries(network, {"hidden": kept}) == 1
    assert binaries(network, {"hidden": np.arange(len(hidden))}) == 2
    assert binaries(network, {"hidden": kept, "out": np.arange(1)}) == 2
    found = placed(network, TARGETS["spinnaker1"].cores)
    assert (found.used["binaries"] == 1).all()
    assert found.used["neurons"].max() <= NEURONS
    assert found.used["synaptic events a tick"].max() <= EVENTS
