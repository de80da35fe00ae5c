"""The order in which neurons of one value fire, seen in what they did."""

import numpy as np
import pytest

from converter import to_nir
from hardware import TARGETS, deploy, emulate
from hardware.layers import read_stack
from hardware.levels import levels
from hardware.populations import numbers
from tests.spiking.random_nets import random_inputs, random_network


@pytest.mark.parametrize("seed", range(4))
def test_a_later_neuron_never_fires_alone(seed) -> None:
    net = random_network(seed)
    graph = to_nir(net)
    x = net.encode(random_inputs(seed)).numpy()
    run = emulate(deploy(graph, TARGETS["digital"], dt=1e-4).network, x)
    for layer, spiking in zip(read_stack(graph).layers, net.stack, strict=True):
        chains = levels(numbers(graph, layer, 1e-4))
        cells = run.spikes[layer.cell]
        assert np.array_equal(np.sort(np.concatenate(chains)), np.arange(cells.shape[2]))
        # of s and of o, above and below rest
        assert len(chains) <= 4 * spiking.hidden_size
        for chain in chains:
            assert (np.diff(cells[:, :, chain].astype(int), axis=2) <= 0).all()
