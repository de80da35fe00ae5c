"""The bank's size as the vendor's mapper counts it, and who shares a state."""

from dataclasses import replace

import numpy as np
import pytest

from hardware.pico.bank import MOST_CELLS, cells, filter_words, padded, state_channels, words
from tests.hardware.pico.nets import random_network


@pytest.mark.parametrize(
    ("states", "channels", "memory"),
    [(0, 0, 0), (1, 1, 2), (3, 4, 8), (5, 8, 16), (9, 16, 64), (40, 64, 1024), (128, 128, 4096)],
)
def test_a_bank_is_as_large_as_the_next_power_of_two(states, channels, memory) -> None:
    """Numbers of akida 2.19.3: the mapper reads 10 words as no power of two, and so on."""
    assert (padded(states), words(padded(states))) == (channels, memory)


def test_a_bank_of_256_channels_is_more_than_the_filter_memory() -> None:
    assert MOST_CELLS == 128
    assert words(padded(129)) == 16384


def test_neurons_that_keep_alike_and_hear_alike_share_a_state() -> None:
    network, _ = random_network(3)
    (cell,) = (group for group in network.groups if group.name == "c0")
    (mixed,) = (each for each in network.synapses if each.target == "c0")
    share = {"c0": np.arange(len(cell))}
    rows = {(int(k), *map(int, w)) for k, w in zip(cell.current_decay, mixed.weight, strict=True)}
    wanted = len({row for row in rows if row[0] > 0})
    assert cells(network, share) == wanted
    assert state_channels(network, share) == padded(wanted)
    assert filter_words(network, share) == words(padded(wanted))
    keep = np.where(cell.current_decay > 0, np.arange(len(cell)) + 1, 0)
    groups = tuple(replace(g, current_decay=keep) if g is cell else g for g in network.groups)
    assert cells(replace(network, groups=groups), share) == np.count_nonzero(keep)


def test_gates_relays_and_readouts_take_nothing_of_the_chip() -> None:
    network, _ = random_network(4)
    for group in network.groups:
        memoryless = np.nonzero(group.current_decay == 0)[0]
        assert state_channels(network, {group.name: memoryless}) == 0
