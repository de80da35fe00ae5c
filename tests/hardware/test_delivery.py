"""Sums over synapses equal the plain product, whatever rows and columns have in common."""

import numpy as np
import pytest

from hardware import Synapses, Word
from hardware.delivery import DELIVERIES, merged
from hardware.format import Count

WORD = Word(24, "wrap")


@pytest.mark.parametrize("seed", range(40))
def test_sums_are_those_of_the_plain_product(seed) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 30, 2)
    reach = (2, 128, 2**22, 2**38)[seed % 4]
    weight = rng.integers(-reach, reach, (rows, columns)) * (rng.random((rows, columns)) < 0.4)
    weight = weight[rng.integers(0, rows, 3 * rows)] * rng.choice([-1, 1], (3 * rows, 1))
    weight = weight[:, rng.integers(0, columns, 50)] * rng.choice([-1, 0, 1], 50)
    spikes = rng.integers(0, 2, (3, 50)) if seed % 3 else rng.integers(-255, 255, (3, 50))
    current = rng.integers(-1000, 1000, (3, len(weight)))
    synapses = Synapses("a", "b", weight, 1, shift=seed % 7)
    most = int(np.abs(spikes).max())
    found = DELIVERIES["wrap"](synapses, WORD, most)(current, spikes, Count())
    assert np.array_equal(found, current + ((spikes @ weight.T) << (seed % 7)))


def test_low_bits_of_a_ticks_sum_are_dropped_rounding_down() -> None:
    weight, spikes = np.array([[3], [-3]]), np.array([[5], [2]])
    synapses = Synapses("a", "b", weight, 1, shift=6, drop=2)
    found = DELIVERIES["wrap"](synapses, WORD, 5)(np.zeros((2, 2), int), spikes, Count())
    assert (found >> 6).tolist() == [[3, -4], [1, -2]]


def test_no_synapses_add_nothing() -> None:
    current = np.arange(6).reshape(2, 3)
    deliver = DELIVERIES["clip"](Synapses("a", "b", np.zeros((3, 4), int), 0), WORD, 1)
    assert np.array_equal(deliver(current, np.ones((2, 4), int), Count()), current)


def test_saturation_happens_spike_by_spike() -> None:
    weight, word, count = np.array([[127, -127]]), Word(8, "saturate"), Count()
    deliver = DELIVERIES["saturate"](Synapses("a", "b", weight, 0), word, 3)
    assert deliver(np.array([[0]]), np.array([[3, 1]]), count).tolist() == [[0]]
    assert count.overflows == 1


def test_synapses_that_differ_in_their_weights_alone_are_one() -> None:
    up, down = np.array([[3, 0], [1, 2]]), np.array([[0, -4], [-1, 0]])
    alike = [Synapses("a", "b", weight, 1, shift=6) for weight in (up, down)]
    others = [
        Synapses("a", "b", up, 1, shift=6, drop=1),
        Synapses("a", "b", up, 1, shift=6, drop=1),
        Synapses("a", "b", up, 2, shift=6),
        Synapses("c", "b", up, 1, shift=6),
        Synapses("a", "b", up, 1, shift=5),
    ]
    one, *rest = merged([alike[0], *others, alike[1]], WORD)
    assert np.array_equal(one.weight, up + down)
    assert rest == others
    assert merged(alike, Word(8, "saturate")) == alike
