"""The FPGA targets: sources, arithmetic of the generic core, one project a network."""

import numpy as np
import pytest

from converter import to_nir
from hardware import TARGETS, deploy, emulate
from tests.spiking import random_nets


@pytest.mark.parametrize("name", ["fpga-ecp5-25k", "fpga-ice40-hx8k"])
def test_it_counts_as_the_generic_core_and_says_whose_numbers_these_are(name) -> None:
    target = TARGETS[name]
    assert target.format == TARGETS["digital"].format
    assert "Family Data Sheet" in target.source
    assert [each.name for each in target.simulators] == ["verilator", "icarus"]
    net = random_nets.random_network(3)
    graph, x = to_nir(net, dt=1e-4), net.encode(random_nets.random_inputs(3)).numpy()
    configuration = deploy(graph, target, dt=1e-4)
    generic = deploy(graph, TARGETS["digital"], dt=1e-4)
    ours, theirs = (emulate(each.network, x) for each in (configuration, generic))
    for group, spikes in ours.spikes.items():
        assert np.array_equal(spikes, theirs.spikes[group])
    assert configuration.placement.used["block RAM"].tolist()[0] > 0
    assert "network.v" in configuration.files
