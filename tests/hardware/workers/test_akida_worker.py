"""Akida's bank through its worker: states by hand, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from converter import to_nir
from hardware import (
    TARGETS,
    Entry,
    Exit,
    Neurons,
    Quantized,
    Synapses,
    deploy,
    emulate,
    simulate,
)
from hardware.pico.mapper import AKIDA
from spiking.errors import WorkerError
from tests.hardware.chips import configured
from tests.spiking.random_nets import random_inputs, random_network

pytestmark = pytest.mark.skipif(
    AKIDA.python is None, reason=f"akida is not installed: {AKIDA.command}"
)


def one_cell(weight: int = 1, keep: int = 2048, bar: int = 1000) -> Quantized:
    """Two gates that fire for a positive and for a negative input, +-weight to one cell."""
    zero = np.zeros(2, np.int64)
    cell = np.array([keep])
    return Quantized(
        "akida-pico",
        1e-3,
        Entry(1),
        Exit("cell"),
        (
            Neurons("gates", zero, zero, zero, zero),
            Neurons("cell", np.array([bar]), 0 * cell, cell, 0 * cell),
        ),
        (
            Synapses("input", "gates", np.array([[1], [-1]]), 0),
            Synapses("gates", "cell", np.array([[weight, -weight]]), 0),
        ),
    )


def states(network: Quantized, *inputs: int) -> list[int]:
    x = np.array(inputs, np.float64).reshape(1, -1, 1)
    run = simulate(configured(network), x, watched=["cell"])
    assert np.array_equal(run.outputs, emulate(network, x).outputs)
    return run.trace.currents["cell"][0, :, 0].tolist()


def test_halves_go_up() -> None:
    # 1 -> 0.5 -> 1 for ever; -1 -> -0.5 -> 0
    assert states(one_cell(), 1, 0, 0, 0) == [1, 1, 1, 1]
    assert states(one_cell(), -1, 0, 0, 0) == [-1, 0, 0, 0]


def test_states_saturate_at_both_ends() -> None:
    up = states(one_cell(2**14, 4096), 1, 1, 1, -1)
    assert up == [16384, 32767, 32767, 16383]
    down = states(one_cell(2**14, 4096), -1, -1, -1, 1)
    assert down == [-16384, -32768, -32768, -16384]


def test_a_negative_threshold_is_passed_from_above() -> None:
    network, x = one_cell(4, 4096, bar=-5), np.array([[[1.0], [-1.0], [-1.0], [-1.0]]])
    ours, theirs = emulate(network, x), simulate(configured(network), x)
    assert theirs.spikes["cell"][0, :, 0].tolist() == [0, 0, 0, 1]
    assert np.array_equal(ours.spikes["cell"], theirs.spikes["cell"])


def test_layers_share_the_bank() -> None:
    net = random_network(2, layers=3)
    whole = deploy(to_nir(net, dt=1e-4), TARGETS["akida-pico"], dt=1e-4)
    x = net.encode(random_inputs(2, steps=100)).numpy()
    watched = [group.name for group in whole.network.groups]
    ours, theirs = emulate(whole.network, x, watched=watched), simulate(whole, x, watched=watched)
    for name in watched:
        assert np.array_equal(ours.trace.currents[name], theirs.trace.currents[name])
    assert all(np.array_equal(each, theirs.spikes[name]) for name, each in ours.spikes.items())
    assert np.array_equal(ours.outputs, theirs.outputs)


def test_every_sample_starts_from_silence() -> None:
    x = np.zeros((3, 4, 1))
    x[0] = 1.0
    run = simulate(configured(one_cell()), x, watched=["cell"])
    assert run.trace.currents["cell"][0].any()
    assert not run.trace.currents["cell"][1:].any()


@pytest.mark.parametrize(
    ("weight", "words"),
    [([[3, -3]], "no power of two"), ([[2, -1]], "weigh differently")],
)
def test_what_no_bank_can_do_is_refused(weight, words) -> None:
    network = one_cell()
    into, mixed = network.synapses
    odd = replace(network, synapses=(into, replace(mixed, weight=np.array(weight))))
    with pytest.raises(WorkerError, match=words):
        simulate(configured(odd), np.array([[[-1.0]]]))
