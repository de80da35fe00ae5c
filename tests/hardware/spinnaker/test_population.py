"""The portable graph in SpiNNaker's numbers: what fills a ring buffer, and what is rounded."""

import numpy as np
import pytest

from converter import to_nir
from hardware import TARGETS, deploy
from hardware.exponential import factors
from hardware.spinnaker.population import TOP
from tests.spiking.random_nets import random_network


def made(seed: int):
    net = random_network(seed, layers=1 + seed % 3)
    return deploy(to_nir(net), TARGETS["spinnaker1"], dt=1e-4).network


def sums(network, name: str, sign: int) -> np.ndarray:
    """The most that can arrive at once of a sign."""
    feeds = [each for each in network.synapses if each.target == name]
    return sum(np.maximum(sign * each.weight, 0).sum(1) for each in feeds)


@pytest.mark.parametrize("seed", range(6))
def test_no_ring_buffer_can_overflow_and_every_layer_uses_its_range(seed) -> None:
    network = made(seed)
    for group in network.groups:
        most = np.maximum(sums(network, group.name, 1), sums(network, group.name, -1))
        assert most.max() <= TOP
        assert most.max() > 0.9 * TOP


@pytest.mark.parametrize("seed", range(6))
def test_cells_have_room_for_their_largest_sum_at_every_step(seed) -> None:
    network = made(seed)
    for cells in network.groups[1::2]:
        if not cells.current_decay.any():
            continue
        (feed,) = [each for each in network.synapses if each.target == cells.name]
        both = factors(cells.current_decay)
        keep, gain = both.keep / 2**32, both.gain / 2**32
        for sign in (1, -1):
            arriving = sums(network, cells.name, sign) * 2.0**feed.shift * gain
            assert (arriving / (1 - keep**2)).max() < 2**31
        assert feed.shift >= 4


def test_a_gate_needs_its_clock_and_with_it_rounds_its_bias_once() -> None:
    network = made(2)
    gates, cells = network.groups[:2]
    clock = next(s for s in network.synapses if s.target == gates.name and not s.weight[:, 0].any())
    enable = clock.weight.max(axis=1)
    back = next(s for s in network.synapses if (s.source, s.target) == (cells.name, gates.name))
    alone = np.maximum(back.weight[:, cells.current_decay > 0], 0).sum(1)
    assert (alone < gates.threshold).all()
    assert (enable >= 0).all()
    assert enable.any()


def test_a_gate_that_hears_nothing_and_a_cell_that_hardly_gathers_have_thresholds() -> None:
    graph = to_nir(random_network(0))
    into, back, mix = (
        next(node for name, node in graph.nodes.items() if name.endswith(end))
        for end in ("n1_in", "n5_rec", "n3_mix")
    )
    into.weight[0], back.weight[0] = 0.0, 0.0
    mix.weight = np.where(np.abs(mix.weight) == 2.0, mix.weight, np.sign(mix.weight) * 2.0**-16)
    network = deploy(graph, TARGETS["spinnaker1"], dt=1e-4).network
    for group in network.groups:
        assert group.threshold.min() > 0
        assert group.threshold.max() < 2**31
        assert np.abs(group.bias).max() < 2**31
    clock = next(s for s in network.synapses if s.source == "input" and s.weight[:, -1].any())
    # its bias alone decides
    gates, bias = network.groups[0], into.bias[0] + back.bias[0]
    assert (clock.weight[0, -1] >= gates.threshold[0]) == (bias > 1)


def test_every_rounding_is_noted_with_its_error() -> None:
    notes = "\n".join(made(1).notes)
    for what in ("weights", "biases", "decays per step", "thresholds"):
        assert f"{what} rounded, largest error" in notes
