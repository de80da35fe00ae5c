"""The split profile has one number of everything in each neuron node."""

import nir
import numpy as np
import torch

from converter import populations, to_nir
from spiking import SpikingNetwork
from tests.converter.small_models import random_net


def shared_forget() -> SpikingNetwork:
    """Five units with two forgets."""
    net = random_net(levels=4)
    with torch.no_grad():
        net.stack[0].forget[[0, 2, 3]] = 0.5
        net.stack[0].forget[[1, 4]] = 0.25
    return net


def test_every_node_is_uniform() -> None:
    graph = to_nir(random_net(layers=2, levels=4), profile="split")
    neurons = [node for node in graph.nodes.values() if isinstance(node, nir.CubaLIF)]
    assert len(neurons) == 2 * (1 + 5 + 1)
    for node in neurons:
        for field in ("tau_syn", "tau_mem", "r", "w_in", "v_leak", "v_threshold", "v_reset"):
            assert len(np.unique(getattr(node, field))) == 1
        assert (node.tau_syn >= 1e-4).all()
        assert (node.w_in == node.tau_syn / 1e-4).all()


def test_units_of_one_forget_share_a_node() -> None:
    graph = to_nir(shared_forget(), profile="split")
    cells = {name: node for name, node in graph.nodes.items() if "n4_cell" in name}
    assert [len(node.r) for node in cells.values()] == [8, 12]
    ends = [a for a, b in graph.edges if b == "output"]
    assert ends == ["n7_sum"], "nirtorch adds nothing up in front of an output"


def test_cells_come_back_in_the_order_of_their_units() -> None:
    net = shared_forget()
    rng = np.random.default_rng(0)
    fired = {
        "l0_n2_gates": rng.random((2, 3, 60)) < 0.5,
        "l0_n4_cell_0000": rng.random((2, 3, 8)) < 0.5,
        "l0_n4_cell_0001": rng.random((2, 3, 12)) < 0.5,
        "l0_n4_relay": rng.random((2, 3, 20)) < 0.5,
    }
    found = populations(fired, net, profile="split")
    for place, unit in enumerate((1, 4)):
        own = fired["l0_n4_cell_0000"][..., 4 * place : 4 * place + 4]
        assert np.array_equal(found["l0.s"][:, :, unit], own)
    for place, unit in enumerate((0, 2, 3)):
        own = fired["l0_n4_cell_0001"][..., 4 * place : 4 * place + 4]
        assert np.array_equal(found["l0.s"][:, :, unit], own)
    assert np.array_equal(found["l0.i"], fired["l0_n2_gates"].reshape(2, 3, 3, 5, 4)[:, :, 1])
    assert np.array_equal(found["l0.relay"], fired["l0_n4_relay"].reshape(2, 3, 5, 4))
