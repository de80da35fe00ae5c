"""Cells in the bank: states by a plain loop, thresholds of the graph, layers in step, refusals."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from converter import convert, drift, populations, run_nir, to_nir
from converter import quantize as on_grid
from hardware import TARGETS, check, deploy, emulate, quantize
from spiking import Population, SubLSTM, SubLSTMClassifier
from tests.spiking.random_nets import random_inputs, random_network

DT = 1e-4
TARGET = TARGETS["akida-pico"]


@pytest.mark.parametrize("seed", range(6))
def test_a_plain_loop_in_python_integers_gives_the_same_cells(seed) -> None:
    net = random_network(seed, levels=(4, 8)[seed % 2])
    graph, x = to_nir(net, dt=DT), net.encode(random_inputs(seed)).numpy()
    network = quantize(graph, TARGET, dt=DT)
    run = emulate(network, x, watched=["l0_n4_cell"])
    layer, k = net.requires_grad_(False).stack[0], net.code.levels
    hidden, gates, said = layer.hidden_size, run.spikes["l0_n2_gates"], run.spikes["l0_n4_cell"]
    signs, bars = layer.signs.numpy().astype(int), layer.cell_threshold.numpy()
    fed = next(each for each in network.synapses if each.target == "l0_n4_cell")
    for sample in range(len(x)):
        states = [0] * hidden
        for t in range(x.shape[1]):
            n = gates[sample, t].reshape(3, hidden, k).astype(int) @ signs
            for unit in range(hidden):
                keep = round(float(layer.forget[unit]) * 4096)
                # the chip may count a state the other way round
                scale = int(fed.weight[unit * k, unit * k]) * int(signs[0])
                step = int(n[0, unit] - n[1, unit]) * scale
                raw = (keep * states[unit] + 4096 * step + 2048) >> 12
                states[unit] = min(max(raw, -(2**15)), 2**15 - 1)
                for level in range(k):
                    at = unit * k + level
                    weight = Fraction(round(2**16 / float(bars[level])), 2**16)
                    sign = int(signs[level])
                    fires = sign * Fraction(states[unit], scale) * abs(weight) > 1
                    assert said[sample, t, at] == fires
                    assert run.trace.currents["l0_n4_cell"][sample, t, at] == states[unit]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_layers_follow_one_another_and_stray_little_from_the_float_cell(layers) -> None:
    net = random_network(layers, layers=layers)
    graph, x = to_nir(net, dt=DT), net.encode(random_inputs(1, batch=16)).numpy()
    network = quantize(graph, TARGET, dt=DT)
    run, reference = emulate(network, x), run_nir(graph, x, dt=DT)
    assert run.ticks == x.shape[1] + layers - 1
    found = drift(
        populations(reference.spikes, net),
        populations({n: each > 0 for n, each in run.spikes.items()}, net),
    )
    assert found.differing <= found.total / 500
    same = (run.outputs == reference.output).all(axis=(1, 2))
    assert same.mean() > 0.5
    assert run.trace.overflows == 0


def test_what_is_done_where_and_what_rounding_does_is_told() -> None:
    notes = quantize(to_nir(random_network(1, layers=2), dt=DT), TARGET, dt=DT).notes
    assert "on the host" in notes[0]
    assert [note.split(":")[0] for note in notes[1:]] == ["l0_n4_cell", "l1_n4_cell"]
    assert "5 cells in the chip's bank" in notes[1]


@pytest.mark.parametrize("seed", range(4))
def test_the_told_error_is_never_passed(seed) -> None:
    """Against states in fractions, from the spikes that the emulated gates sent."""
    net = random_network(seed)
    graph, x = to_nir(net, dt=DT), net.encode(random_inputs(seed, steps=40)).numpy()
    network = quantize(graph, TARGET, dt=DT)
    run = emulate(network, x, watched=["l0_n4_cell"])
    cell = next(group for group in network.groups if group.name == "l0_n4_cell")
    fed = next(each for each in network.synapses if each.target == "l0_n4_cell")
    scale = np.abs(fed.weight).max(axis=1)
    exact, most = np.zeros(len(cell)), 0.0
    for t in range(x.shape[1]):
        brought = run.spikes["l0_n2_gates"][0, t].astype(int) @ fed.weight.T
        exact = exact * cell.current_decay / 4096 + brought
        off = np.abs(run.trace.currents["l0_n4_cell"][0, t] - exact) / scale
        most = max(most, float(off.max()))
    told = float(network.notes[1].split("in all by ")[1].split(",")[0])
    assert 0 < most <= told * 1.01


def test_cells_that_keep_nothing_are_the_hosts() -> None:
    net = random_network(1)
    graph, x = to_nir(net, dt=DT), net.encode(random_inputs(1)).numpy()
    graph.nodes["l0_n4_cell"].tau_syn[:] = DT
    graph.nodes["l0_n4_cell"].w_in[:] = 1.0
    whole = deploy(graph, TARGET, dt=DT)
    assert whole.placement.used["state channels"].tolist() == [0]
    assert "the chip has none" in whole.network.notes[1]
    run, digital = (
        emulate(quantize(graph, TARGETS[name], dt=DT), x) for name in ("akida-pico", "digital")
    )
    assert np.array_equal(run.outputs, digital.outputs)
    assert all(np.array_equal(run.spikes[name], each) for name, each in digital.spikes.items())


def wide(hidden: int, levels: int = 2):
    """An untrained network of so many units."""
    torch.manual_seed(0)
    rate = SubLSTMClassifier(
        SubLSTM(2, hidden, batch_first=True, forget="fixed"), torch.nn.Linear(hidden, 2)
    )
    net = convert(rate, code=Population(levels), progress=False).network
    return to_nir(on_grid(net, input_max=1.0), dt=DT)


def test_as_many_units_fit_as_the_filter_memory_holds() -> None:
    assert check(wide(128), TARGET, dt=DT) == ()
    (fault,) = check(wide(129), TARGET, dt=DT)
    assert (fault.rule, fault.where) == ("cells_fit_the_bank", "129 cells")
    assert fault.have.startswith("16384 64-bit words")
    assert fault.limit.startswith("8192 (akida 2.19.3")
    channels, memory = check(wide(257), TARGET, dt=DT)
    assert channels.have == "512 state channels"
    assert channels.limit.startswith("256")
    assert memory.rule == "cells_fit_the_bank"


def test_every_broken_rule_is_found() -> None:
    graph = wide(129, levels=4)
    graph.nodes["l0_n3_mix"].weight[0] *= np.where(np.arange(3 * 129 * 4) % 2, 1, 2)
    faults = check(graph, TARGET, dt=DT)
    assert {f.rule for f in faults} == {"cells_fit_the_bank", "gates_weigh_alike_in_a_cell"}
    assert next(f for f in faults if "alike" in f.rule).where == "1 neurons of l0_n4_cell"
    (fault,) = check(wide(1, levels=256), TARGET, dt=DT)
    assert fault.rule == "a_cell_is_sent_a_byte"
    assert fault.limit.startswith("127")
