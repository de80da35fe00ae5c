"""Compound units in Loihi 2's integers: the equations but for rounding, and every error as told."""

import re
from dataclasses import replace

import numpy as np
import pytest

from hardware import TARGETS, Cores, check, deploy, emulate, quantize
from hardware.loihi.compound import VALUE_BITS
from hardware.loihi.registers import ALIGN, LOIHI_2
from hardware.placement import neurons, placed
from tests.hardware.loihi.graded import compound_net

GRADED = TARGETS["loihi2-graded"]
DT = 1e-4


def inputs_of(net, seed: int = 0, *, batch: int = 3, steps: int = 20) -> np.ndarray:
    most = int(net.input_max * 2**net.input_bits)
    drawn = np.random.default_rng(seed).integers(-most, most + 1, (batch, steps, net.inputs))
    return drawn / 2**net.input_bits


def defined(net, x: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The equations of `CompoundLayer` in floats, step by step: n of all layers, and outputs."""
    half = len(net.line) // 2
    points = np.arange(-half, half + 1) / 2**net.line_bits
    act = lambda value: np.interp(value, points, net.line)
    cells = [np.zeros((len(x), layer.units)) for layer in net.layers]
    said = [np.zeros((len(x), layer.units)) for layer in net.layers]
    told, outputs = [[] for _ in net.layers], []
    for x_t in x.swapaxes(0, 1):
        below = x_t
        for at, layer in enumerate(net.layers):
            drive = below @ layer.into.T + said[at] / net.levels @ layer.recurrent.T + layer.bias
            z, i, o = np.split(act(drive), 3, axis=1)
            cells[at] = layer.forget * cells[at] + z - i
            change = np.floor(net.levels * (act(cells[at]) - o) + 0.5) - said[at]
            said[at] = said[at] + np.where(np.abs(change) >= net.theta, change, 0)
            below = said[at] / net.levels
            told[at].append(said[at])
        outputs.append(below @ net.readout.T + net.offset)
    return [np.stack(each, 1) for each in told], np.stack(outputs, 1)


@pytest.mark.parametrize("words", [{}, {"sizes": (6, 5)}, {"theta": 2}, {"levels": 40}])
@pytest.mark.parametrize("seed", range(4))
def test_units_say_what_the_equations_do_but_for_rounding(seed, words) -> None:
    # weak enough that a quantum more or less does not grow
    net = compound_net(seed, gain=0.8, **words)
    x = inputs_of(net, seed)
    run = emulate(quantize(net, GRADED, dt=DT), x)
    told, outputs = defined(net, x)
    for at, wanted in enumerate(told):
        found = run.spikes[f"l{at}_output"].cumsum(1)
        assert np.mean(np.abs(found - wanted)) < 0.15
        assert np.abs(wanted).max() > 5
    assert np.abs(run.outputs - outputs).mean() < 0.02 * np.abs(outputs).mean()
    assert run.trace.overflows == 0


def test_a_unit_rests_until_its_first_step_however_strong_its_bias() -> None:
    net = compound_net(1, sizes=(4, 4, 4))
    network = quantize(net, GRADED, dt=DT)
    late = np.zeros((1, 5, net.inputs))
    run = emulate(network, late, watched=[group.name for group in network.groups])
    for at in range(3):
        messages = run.trace.spikes[f"l{at}_output"][0]
        assert not messages[: at + 1].any()
        assert messages[at + 1].any()
        assert not run.trace.potentials[f"l{at}_cell"][0, : at + 1].any()


@pytest.mark.parametrize("seed", range(4))
def test_the_largest_drives_fit_and_exponents_are_those_of_the_registers(seed) -> None:
    for words in ({"levels": 4}, {"levels": 64, "input_bits": 10}, {"input_max": 8.0}):
        net = compound_net(seed, sizes=(7, 5), **words)
        network = quantize(net, GRADED, dt=DT)
        x = np.sign(inputs_of(net, seed)) * net.input_max
        assert emulate(network, x).trace.overflows == 0
        outer = [each for each in network.synapses if each.delay]
        assert all(0 <= each.shift <= ALIGN + LOIHI_2.exponents[1] for each in outer)
        assert all(np.abs(each.weight).max() <= LOIHI_2.top_weight for each in outer)
        assert all((each.weight >= 0).all() or (each.weight <= 0).all() for each in outer)


def test_every_rounding_is_told_and_as_large_as_told() -> None:
    net = compound_net(3)
    network = quantize(net, GRADED, dt=DT)
    told = {
        match[1]: float(match[2])
        for match in (
            re.match(r"(.*) rounded, largest error (\S+) of", note) for note in network.notes
        )
        if match
    }
    gates, (layer,) = network.groups[0], net.layers
    one = 2.0 ** (gates.drop + net.line_bits)
    held = {
        name: sum(
            each.weight.astype(float) * 2.0**each.shift
            for each in network.synapses
            if each.source == name and each.target == gates.name
        )
        for name in ("input", "l0_output")
    }
    found = {
        "l0_gates, weights": held["input"][:, :3] * 2**net.input_bits / one - layer.into,
        "l0_gates, biases": held["input"][:, 3] / one - layer.bias,
        "l0_gates, recurrent weights": held["l0_output"] * net.levels / one - layer.recurrent,
        "l0_cell, decays a step": network.groups[1].current_decay / 4096 - layer.forget,
    }
    for name, error in found.items():
        assert told[name] == pytest.approx(np.abs(error).max(), rel=0.01)
    assert {"readout, weights", "readout, biases"} < told.keys()
    words = " ".join(network.notes)
    for phrase in ("a line through 129 points", "toward zero by less than 2^-16", "0.0312 of 1"):
        assert phrase in words


def test_the_readout_holds_what_was_said() -> None:
    net = compound_net(2)
    network = quantize(net, GRADED, dt=DT)
    run = emulate(network, inputs_of(net, 2))
    said = run.spikes["l0_output"].cumsum(1)
    weight = sum(each.weight << each.shift for each in network.synapses if each.target == "readout")
    exact = said @ weight.T + network.groups[-1].bias
    assert np.array_equal(run.outputs, exact * network.exit.unit)


def test_messages_bits_and_operations_are_counted() -> None:
    net = compound_net(2)
    network = quantize(net, GRADED, dt=DT)
    run = emulate(network, inputs_of(net, 2))
    messages = np.count_nonzero(run.trace.spikes["l0_output"], axis=1)
    fan_out = sum(
        np.count_nonzero(each.weight, axis=0)
        for each in network.synapses
        if each.source == "l0_output"
    )
    clock = sum(np.count_nonzero(each.weight[:, 3]) for each in network.synapses[:4])
    assert np.array_equal(run.fired, messages.sum(1))
    assert np.array_equal(run.synops, messages @ fan_out + clock)
    # of 16 levels a change is at most 32: a sign and six digits
    assert np.array_equal(run.payload, 7 * run.fired)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ({"line": np.linspace(-2, 2, 129)}, "values_fit_their_states"),
        ({"levels": 67}, "values_fit_their_states"),
        ({"levels": 2**16}, "values_fit_their_states"),
        ({"input_bits": 24}, "changes_fit_a_message"),
        ({"input_max": 1e6, "input_bits": 0}, "drives_fit_an_accumulator"),
    ],
)
def test_what_the_chip_does_not_hold_is_named(words, rule) -> None:
    faults = check(compound_net(**words), GRADED, dt=DT)
    assert rule in {fault.rule for fault in faults}
    assert all(fault.remedy for fault in faults)


def test_values_of_no_range_are_no_fault() -> None:
    """Without any weight nothing is scaled by infinity."""
    net = compound_net()
    (layer,) = net.layers
    empty = replace(layer, into=0 * layer.into, recurrent=0 * layer.recurrent, bias=0 * layer.bias)
    net = replace(net, layers=(empty,), readout=0 * net.readout, offset=0 * net.offset)
    run = emulate(deploy(net, GRADED, dt=DT).network, inputs_of(net))
    assert not run.outputs.any()
    assert not run.fired.any()


def test_parts_of_a_neuron_share_a_core() -> None:
    net = compound_net(sizes=(6, 5))
    network = quantize(net, GRADED, dt=DT)
    roomy = placed(network, Cores(None, {"neurons": 40}, {"neurons": neurons}))
    assert [int(roomy.cores[name][0]) for name in roomy.cores] == [0, 0, 0, 1, 1, 1, 1]
    tight = replace(GRADED, cores=Cores(4, {"neurons": 29}, {"neurons": neurons}))
    (fault,) = check(net, tight, dt=DT)
    assert fault.rule == "a_neuron_lies_on_one_core"
    assert "between two cores" in fault.have


def test_the_line_of_a_level_is_the_networks() -> None:
    net = compound_net()
    network = quantize(net, GRADED, dt=DT)
    for group in network.groups[:2]:
        assert np.array_equal(group.knots, np.round(net.line * 2**VALUE_BITS))
