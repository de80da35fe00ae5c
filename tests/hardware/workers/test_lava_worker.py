"""Lava on the CPU: the shim for Python 3.11, refusals, and graded sums that lose bits."""

from dataclasses import replace

import numpy as np
import pytest

from hardware import TARGETS, Entry, emulate, simulate
from spiking.errors import WorkerError
from tests.hardware.chips import configured
from tests.hardware.loihi.graded import random_graded
from tests.hardware.loihi.nets import random_network

LAVA = TARGETS["loihi2"].simulators[0]
pytestmark = pytest.mark.skipif(
    LAVA.python is None, reason=f"lava is not installed: {LAVA.command}"
)


@pytest.mark.parametrize("seed", [3, 4])
def test_graded_sums_are_shifted_right_as_lava_does(seed) -> None:
    network, _ = random_network(seed, target="loihi2")
    first = replace(network.synapses[0], shift=6, drop=5)
    channels = network.entry.channels
    graded = replace(
        network, entry=Entry(channels, "graded", 6), synapses=(first, *network.synapses[1:])
    )
    inputs = np.random.default_rng(seed).integers(-64, 65, (2, 20, channels)) / 64
    watched = ["hidden", "out"]
    ours = emulate(graded, inputs, watched=watched)
    theirs = simulate(configured(graded), inputs, watched=watched)
    for name in watched:
        assert np.array_equal(ours.trace.spikes[name], theirs.trace.spikes[name])
        assert np.array_equal(ours.trace.currents[name], theirs.trace.currents[name])
    assert ours.trace.currents["hidden"].any()


def test_what_the_registers_do_not_hold_is_refused() -> None:
    network, inputs = random_network(3, target="loihi2")
    hidden = network.groups[0]
    for change, words in (
        ({"threshold": hidden.threshold + 1}, "multiples of 64"),
        ({"bias": hidden.bias * 0 + 4097}, "no mantissa"),
    ):
        odd = replace(network, groups=(replace(hidden, **change), network.groups[1]))
        with pytest.raises(WorkerError, match=words):
            simulate(configured(odd), inputs)


def test_a_delta_has_one_threshold() -> None:
    network, inputs = random_graded(8)
    output = network.groups[2]
    groups = [
        replace(g, threshold=1 + np.arange(len(g))) if g is output else g for g in network.groups
    ]
    with pytest.raises(WorkerError, match="one threshold"):
        simulate(configured(replace(network, groups=tuple(groups))), inputs)


def test_wires_inside_a_neuron_are_no_synapses() -> None:
    network, inputs = random_graded(8)
    wires = [replace(s, drop=1) if not s.delay else s for s in network.synapses]
    with pytest.raises(WorkerError, match="inside a neuron"):
        simulate(configured(replace(network, synapses=tuple(wires))), inputs)
