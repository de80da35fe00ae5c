"""Words of a core's memory as neurons and synapses, written here as the vendor writes them."""

import numpy as np
import pytest

from hardware.workers.spynnaker_words import neurons, shifts, synapses

TAU, THRESHOLD, BIAS = 3 << 15, 1 << 15, -5


def words(count: int, *, exponential: bool) -> np.ndarray:
    """One of IF_curr_exp's or IF_curr_delta's regions of parameters."""
    membrane = [0, 0, 2048, 2048, BIAS % 2**32, 0, 0, 0, 1 << 15]
    synapse = [TAU, 0, TAU, 0, 1 << 15] if exponential else [0, 0]
    step = [] if exponential else [1 << 15] * count
    return np.array([1, *membrane * count, *step, *[THRESHOLD] * count, *synapse * count])


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("exponential", [False, True])
def test_neurons_are_read_back(count, exponential) -> None:
    found = neurons(words(count, exponential=exponential), count)
    assert found["threshold"].tolist() == [THRESHOLD] * count
    assert found["bias"].tolist() == [BIAS] * count
    assert found["current_decay"].tolist() == [TAU if exponential else 0] * count


def test_a_layout_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="no known layout"):
        neurons(words(2, exponential=True)[:-1], 2)
    uneven = words(1, exponential=True)
    uneven[-3] += 1
    with pytest.raises(ValueError, match="different time constants"):
        neurons(uneven, 1)


def test_synapses_are_found_by_the_key_of_their_source() -> None:
    # 16 neurons, 2 ring buffers; a source with 3 neurons on 2 cores, 4 colour bits
    core = np.array([1, 3, 16, 4, 2, 0, 11])
    assert shifts(core).tolist() == [0, 11]
    keys = np.array([0x800, 0x810, 0x820, 0x900, -1])
    colour = 4 << 13
    table = np.array([1, 1, 0x800, 0xFFFFF800, colour | 1 << 16, 1 | 8 << 16, 3 | 1 << 16, 1 << 8])
    rows = np.zeros(4 + 4 * 4, np.int64)

    def row(at: int, weight: int, delay: int, kind: int, neuron: int) -> None:
        start = 4 + at * 4
        word = weight << 16 | delay << 5 | kind << 4 | neuron
        rows[start : start + 4] = [0, 1, 0, word]

    row(0, 65535, 1, 0, 2)
    row(2, 7, 3, 1, 0)
    row(3, 9, 1, 0, 1)
    found = [
        (index, *(int(part[0]) for part in parts))
        for index, *parts in synapses(core, table, rows, keys)
        if len(parts[0])
    ]
    assert found == [(0, 2, 65535, 1), (2, 0, -7, 3), (3, 1, 9, 1)]
