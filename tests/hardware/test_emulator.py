"""The integer emulator against its own definition, slow and scalar."""

from dataclasses import replace

import numpy as np
import pytest

from hardware import Entry, Exit, Neurons, Quantized, Synapses, emulate
from tests.hardware.chips import random_network

LOW, HIGH = -(2**15), 2**15 - 1


def scalar(network, inputs) -> tuple[list, list]:
    """The vendor's loop, one spike and one neuron at a time, in Python integers."""
    parts = dict(zip(("hidden", "readout"), network.groups, strict=True))
    a = {
        f"{name}.{field}": getattr(group, at).tolist()
        for name, group in parts.items()
        for field, at in (
            ("threshold", "threshold"),
            ("bias", "bias"),
            ("dash_syn", "current_decay"),
            ("dash_mem", "potential_decay"),
        )
    }
    names = ("input.weight", "recurrent.weight", "readout.weight")
    a |= {n: each.weight.tolist() for n, each in zip(names, network.synapses, strict=True)}

    def clamp(v: int) -> int:
        return min(max(v, LOW), HIGH)

    def drop(v: int, d: int) -> int:
        return (v >> d) or (v > 0) - (v < 0)

    def neuron(v: int, i: int, name: str, n: int, most: int) -> tuple[int, int, int]:
        i -= drop(i, a[f"{name}.dash_syn"][n])
        leak = -drop(v, a[f"{name}.dash_mem"][n])
        leak = LOW if leak > HIGH else leak
        v = clamp(v + clamp(clamp(leak + i) + a[f"{name}.bias"][n]))
        count = 0
        while v >= a[f"{name}.threshold"][n] and count < most:
            count, v = count + 1, v - a[f"{name}.threshold"][n]
        return v, i, count

    hidden, outputs = len(a["hidden.bias"]), len(a["readout.bias"])
    v, i, fired = [0] * hidden, [0] * hidden, [0] * hidden
    v_out, i_out = [0] * outputs, [0] * outputs
    spikes, potentials = [], []
    for x in inputs.tolist():
        for name, source in (("input.weight", x), ("recurrent.weight", fired)):
            for s, count in enumerate(source):
                for _ in range(count):
                    i = [clamp(c + a[name][n][s]) for n, c in enumerate(i)]
        for s, count in enumerate(fired):
            for _ in range(count):
                i_out = [clamp(c + a["readout.weight"][n][s]) for n, c in enumerate(i_out)]
        done = [neuron(v[n], i[n], "hidden", n, 31) for n in range(hidden)]
        v, i, fired = (list(part) for part in zip(*done, strict=True))
        done = [neuron(v_out[n], i_out[n], "readout", n, 1) for n in range(outputs)]
        v_out, i_out, _ = (list(part) for part in zip(*done, strict=True))
        spikes.append(fired)
        potentials.append(v_out)
    return spikes, potentials


@pytest.mark.parametrize("seed", range(6))
def test_vectorised_equals_scalar(seed) -> None:
    network, inputs = random_network(seed)
    run = emulate(network, inputs)
    for sample in range(2):
        spikes, potentials = scalar(network, inputs[sample])
        assert np.array_equal(run.spikes["n2_hidden"][sample], spikes)
        assert np.array_equal(run.outputs[sample], potentials)


def test_sums_that_were_clamped_are_counted() -> None:
    tame, x = random_network(2)
    wild, y = random_network(0)
    assert emulate(wild, y).trace.overflows > 0
    silent = replace(tame, groups=tuple(replace(g, bias=0 * g.bias) for g in tame.groups))
    run = emulate(silent, 0 * x)
    assert (run.trace.overflows, run.fired.tolist()) == (0, [0, 0])


def test_states_of_any_group_are_recorded_when_asked_for() -> None:
    network, x = random_network(3)
    assert set(emulate(network, x).trace.potentials) == {"n5_readout"}
    found = emulate(network, x, watched=["n2_hidden"]).trace
    assert found.currents["n2_hidden"].shape == found.spikes["n2_hidden"].shape


def test_a_spike_takes_the_delay_of_its_synapse() -> None:
    network, x = random_network(3)
    late = replace(network, synapses=tuple(replace(s, delay=s.delay + 1) for s in network.synapses))
    late = replace(late, groups=tuple(replace(g, bias=0 * g.bias) for g in late.groups))
    on_time = replace(network, groups=late.groups)
    first = emulate(replace(on_time, synapses=network.synapses[:1]), x)
    second = emulate(replace(late, synapses=late.synapses[:1]), x)
    assert first.fired.sum() > 0
    assert np.array_equal(first.spikes["n2_hidden"][:, :-1], second.spikes["n2_hidden"][:, 1:])


def test_currents_that_keep_something_may_have_a_word_of_their_own() -> None:
    zero = np.zeros(2, np.int64)
    network = Quantized(
        "akida-pico",
        1e-3,
        Entry(1),
        Exit("a"),
        (Neurons("a", zero, zero, np.array([4096, 0]), zero, spikes=0),),
        (Synapses("input", "a", np.array([[1], [1]]), 0),),
    )
    run = emulate(network, np.array([[[30000.0], [30000.0], [-90000.0]]]))
    assert run.trace.currents["a"][0].tolist() == [[30000, 30000], [32767, 30000], [-32768, -90000]]
    assert run.trace.overflows == 2
