"""What a core holds, by hand; nengo-loihi counts the same (test_nengo_loihi_worker.py)."""

import numpy as np
import pytest

from converter import to_nir
from hardware import TARGETS, Entry, Exit, Neurons, Quantized, Synapses, place
from hardware.loihi import cores
from tests.spiking.random_nets import random_network

NOTHING = np.zeros(100, np.int64)


def network(weight: np.ndarray) -> Quantized:
    """100 neurons in two groups, one connection between them."""
    decay = NOTHING + np.arange(100) % 3
    groups = [Neurons(n, NOTHING + 64, NOTHING, decay, NOTHING + 1) for n in "ab"]
    return Quantized(
        "loihi1", 1e-3, Entry(1), Exit("b"), tuple(groups), (Synapses("a", "b", weight, 1, 6),)
    )


def words(synapses: int, bits: int) -> int:
    """64-bit words of one axon, block by block of 64 synapses."""
    blocks = [64] * (synapses // 64) + [synapses % 64] * (synapses % 64 > 0)
    return sum(-(-(block * bits + 10) // 64) * 64 for block in blocks)


def test_a_full_connection_is_kept_dense_and_a_thin_one_with_its_places() -> None:
    full, thin = np.ones((100, 100), np.int64), np.eye(100, dtype=np.int64)
    share = {"b": np.arange(100)}
    assert cores.synapse_bits(network(full), share) == 100 * words(100, 8)
    # a place among 100 compartments takes 7 bits
    assert cores.synapse_bits(network(thin), share) == 100 * words(1, 8 + 7)
    assert cores.in_axons(network(full), share) == cores.in_axons(network(thin), share) == 100
    assert cores.synapse_formats(network(full), share) == 1
    assert cores.synapse_bits(network(full), {"a": np.arange(100)}) == 0


def test_places_are_counted_from_the_cores_first_compartment() -> None:
    thin = np.eye(100, dtype=np.int64)
    share = {"a": np.arange(100), "b": np.arange(60, 100)}
    # 140 compartments take 8 bits
    assert cores.synapse_bits(network(thin), share) == 40 * words(1, 8 + 8)


def test_formats_are_what_differs() -> None:
    share = {"a": np.arange(2), "b": np.arange(5)}
    assert cores.compartment_formats(network(np.eye(100, dtype=np.int64)), share) == 3
    assert cores.threshold_formats(network(np.eye(100, dtype=np.int64)), share) == 1


def test_an_axon_leaves_for_every_core_that_it_reaches() -> None:
    full = network(np.ones((100, 100), np.int64))
    home = {"a": np.arange(100) % 2, "b": 1 + np.arange(100) % 3}
    assert cores.out_axons(full, home, 4).tolist() == [50 * 3, 50 * 3, 0, 0]
    assert cores.likely_out_axons(full, {"a": np.arange(10)}) == 10 * 2


@pytest.mark.parametrize("name", ["loihi1", "loihi2"])
def test_no_core_is_overfull(name) -> None:
    placement = place(to_nir(random_network(2, layers=2)), TARGETS[name], dt=1e-4)
    for resource, limit in placement.limits.items():
        assert placement.used[resource].max() <= limit, resource
