"""A neuron that repeats another is found; one that only nearly does is not."""

import numpy as np

from hardware import Entry, Exit, Neurons, Quantized, Synapses
from hardware.fpga.wires import wired


def neurons(name: str, threshold: list[int], bias: list[int], decay: list[int]) -> Neurons:
    nothing = np.zeros(len(bias), np.int64)
    return Neurons(name, np.array(threshold), np.array(bias), np.array(decay), nothing)


def network(weight: list[list[int]], bias: list[int], decay: list[int], delay: int) -> Quantized:
    size = len(bias)
    groups = (
        neurons("a", [5, 5], [0, 0], [0, 0]),
        neurons("b", [10] * size, bias, decay),
    )
    synapses = (
        Synapses("input", "a", np.eye(2, dtype=np.int64), 0),
        Synapses("a", "b", np.array(weight), delay),
    )
    return Quantized("digital", 1e-3, Entry(2), Exit("b", "spikes"), groups, synapses)


def test_repeaters_are_wires_and_others_live() -> None:
    weight = [[0, 11], [0, 10], [11, 11], [12, 0], [11, 0], [-11, 0]]
    bias = [0, 0, 0, 11, 0, 11]
    found = wired(network(weight, bias, [0, 0, 0, 0, 7, 0], 0))
    # 1 misses the threshold, 2 has two sources, 3 fires by itself, 4 remembers, 5 is the opposite
    assert found.source.tolist() == [0, 1, 1, 3, 4, 5, 6, 7]
    assert found.weight.tolist() == [0, 0, 11, 0, 0, 0, 0, 0]
    assert found.lives.tolist() == [0, 1, 3, 4, 5, 6, 7]


def test_a_wire_of_the_step_before_would_be_a_register() -> None:
    found = wired(network([[0, 11]], [0], [0], 1))
    assert found.source.tolist() == [0, 1, 2]
