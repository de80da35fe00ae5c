"""Inputs become ticks, ticks become steps: ways in, clocks, the tick at which a group speaks."""

from dataclasses import replace

import numpy as np
import pytest

from hardware import Entry, Exit, Neurons, Quantized, Synapses, emulate
from hardware.run import entered
from spiking.errors import ConfigError, GridError, ShapeError
from tests.hardware.chips import random_network

FOUR = np.zeros(1, np.int64)


def relay(entry: Entry, *, ticks: int = 2) -> Quantized:
    """A neuron that hears every channel, and a second one that hears the first."""
    first = Neurons("a", FOUR, FOUR, FOUR, FOUR, tick=1)
    second = replace(first, name="b", tick=2)
    return Quantized(
        "digital",
        1e-3,
        entry,
        Exit("b", "spikes", unit=0.5),
        (first, second),
        (
            Synapses("input", "a", np.ones((1, entry.channels), np.int64), 1),
            Synapses("a", "b", np.ones((1, 1), np.int64), 1),
        ),
        ticks,
    )


def test_inputs_stand_at_the_first_tick_of_a_step_and_outputs_are_read_late_enough() -> None:
    network = relay(Entry(1))
    x = np.array([[[1.0], [0.0], [1.0]]])
    assert entered(network, x)[0, :, 0].tolist() == [1, 0, 0, 0, 1, 0, 0]
    run = emulate(network, x)
    assert run.trace.spikes["a"][0, :, 0].tolist() == [0, 1, 0, 0, 0, 1, 0]
    assert run.spikes["a"][0, :, 0].tolist() == [1, 0, 1]
    assert run.outputs[0, :, 0].tolist() == [0.5, 0.0, 0.5]
    assert (run.ticks, run.updates, run.fired.tolist(), run.synops.tolist()) == (7, 14, [4], [2])
    assert run.macs.tolist() == [2]


def test_digits_are_the_twos_complement_and_each_costs_a_spike() -> None:
    network = relay(Entry(2, "digits", bits=1, digits=3))
    x = np.array([[[1.5, -0.5]]])
    assert entered(network, x)[0, 0].tolist() == [1, 1, 0, 1, 1, 1]
    assert emulate(network, x).synops.tolist() == [6]
    with pytest.raises(GridError, match="3 digits"):
        entered(network, x + 1)
    with pytest.raises(GridError, match="multiples"):
        entered(network, x / 3)


def test_clocks_fire_once_a_step_from_their_own_tick_on() -> None:
    network = relay(Entry(1, clocks=(1, 3)))
    found = entered(network, np.zeros((1, 3, 1)))
    assert found[0, :, 1].tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert found[0, :, 2].tolist() == [0, 0, 0, 1, 0, 1, 0]


def test_inputs_that_a_chip_cannot_take_are_named() -> None:
    network, inputs = random_network(1)
    channels = inputs.shape[2]
    with pytest.raises(ShapeError, match=rf"expected \(batch, time >= 1, {channels}\)"):
        emulate(network, np.zeros((1, 4, channels + 1)))
    with pytest.raises(ConfigError, match="16 times"):
        emulate(network, np.full((1, 4, channels), 16))
    with pytest.raises(ConfigError, match="whole numbers"):
        emulate(network, np.full((1, 4, channels), 0.5))
    with pytest.raises(ConfigError, match="whole numbers"):
        emulate(network, np.full((1, 4, channels), -1))
    with pytest.raises(ConfigError, match="NaN"):
        emulate(network, np.full((1, 4, channels), np.nan))


def test_changes_add_up_to_the_inputs_and_their_clocks_come_once() -> None:
    network = relay(Entry(1, "changes", bits=1, clocks=(0, 3)))
    x = np.array([[[1.0], [1.0], [-0.5]]])
    found = entered(network, x)[0]
    assert found[:, 0].tolist() == [2, 0, 0, 0, -3, 0, 0]
    assert found[:, 1:].nonzero()[0].tolist() == [0, 3]
    assert emulate(network, x).macs.tolist() == [2]
