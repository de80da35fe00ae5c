"""The integer core: what can be exact is exact, and the cell is the rounded recurrence."""

import numpy as np
import pytest

from converter import drift, populations, run_nir, to_nir
from hardware import TARGETS, check, emulate, quantize
from tests.spiking.random_nets import random_inputs, random_network

DT = 1e-4
TARGET = TARGETS["digital"]


@pytest.mark.parametrize("seed", range(6))
def test_a_plain_loop_in_python_integers_gives_the_same_spikes(seed) -> None:
    net = random_network(seed, levels=(4, 8)[seed % 2])
    graph, x = to_nir(net, dt=DT), net.encode(random_inputs(seed)).numpy()
    run = emulate(quantize(graph, TARGET, dt=DT), x)
    layer, k = net.requires_grad_(False).stack[0], net.code.levels
    unit, step = net.grid.unit, 2.0**-16
    rows = [[round(float(v) / 2.0**-net.grid.weight_bits) for v in row] for row in layer.weight_ih]
    back = [[round(float(v) / k / unit) for v in row] for row in layer.weight_hh]
    bias = [round(float(v) / unit) for v in layer.bias]
    places = [float(t) / unit for t in layer.threshold]
    signs = [int(s) for s in layer.signs]
    forget = [round(float(f) * 4096) for f in layer.forget]
    weight = [round(1.0 / float(t) / step) for t in layer.cell_threshold]
    hidden = layer.hidden_size
    for sample in range(len(x)):
        cells, counts = [[0] * k for _ in range(hidden)], [0] * hidden
        for t in range(x.shape[1]):
            entry = [round(float(v) * 2**net.grid.input_bits) for v in x[sample, t]]
            n = []
            for row in range(3 * hidden):
                drive = sum(w * v for w, v in zip(rows[row], entry, strict=True)) + bias[row]
                drive += sum(w * v for w, v in zip(back[row], counts, strict=True))
                fired = [s * (drive - p) > 0 for s, p in zip(signs, places, strict=True)]
                raster = run.spikes["l0_n2_gates"][sample, t].reshape(3 * hidden, k)[row]
                assert raster.tolist() == fired
                n.append(sum(s for s, f in zip(signs, fired, strict=True) if f))
            for unit_ in range(hidden):
                push = n[unit_] - n[hidden + unit_]
                cells[unit_] = [
                    ((c * forget[unit_] + 2048) >> 12) + push * w * s * s
                    for c, w, s in zip(cells[unit_], weight, signs, strict=True)
                ]
                fired = [c > 65536 for c in cells[unit_]]
                raster = run.spikes["l0_n4_cell"][sample, t].reshape(2, hidden, k)[0, unit_]
                assert raster.tolist() == fired
                counts[unit_] = sum(s for s, f in zip(signs, fired, strict=True) if f)
                counts[unit_] -= n[2 * hidden + unit_]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_it_strays_from_the_float_cell_in_one_spike_of_a_thousand_at_most(layers) -> None:
    net = random_network(layers, layers=layers)
    graph, x = to_nir(net, dt=DT), net.encode(random_inputs(1, batch=16)).numpy()
    run, reference = emulate(quantize(graph, TARGET, dt=DT), x), run_nir(graph, x, dt=DT)
    found = drift(
        populations(reference.spikes, net),
        populations({n: each > 0 for n, each in run.spikes.items()}, net),
    )
    assert found.differing <= found.total / 1000
    assert run.trace.overflows == 0
    if found.differing == 0:
        assert np.array_equal(run.outputs, reference.output)
        assert np.array_equal(run.synops, sum(reference.synops.values()))


def test_what_is_not_on_the_grid_is_named() -> None:
    net = random_network(1)
    graph = to_nir(net, dt=DT)
    graph.nodes["l0_n5_rec"].weight[0, 0] = 1 / 3
    graph.nodes["l0_n4_cell"].tau_syn[0] *= 1.01
    graph.nodes["l0_n2_gates"].v_reset[0] = 1.0
    graph.nodes["l0_n3_mix"].bias[0] = 0.5
    faults = [(f.rule, f.where) for f in check(graph, TARGET, dt=DT)]
    assert ("numbers_lie_on_a_grid", "l0_n5_rec") in faults
    assert ("forgets_are_multiples_of_1_4096", "l0_n4_cell") in faults
    assert ("leak_and_reset_are_zero", "l0_n2_gates") in faults
    assert ("cells_have_no_bias", "l0_n3_mix") in faults


def test_a_layer_without_a_readout_says_its_spikes() -> None:
    net = random_network(1)
    net.readout = None
    graph, x = to_nir(net, dt=DT), net.encode(random_inputs(1)).numpy()
    run = emulate(quantize(graph, TARGET, dt=DT), x)
    assert np.array_equal(run.outputs, run.spikes["l0_n4_cell"])


def test_only_multiplications_of_real_inputs_are_no_synaptic_operations() -> None:
    net = random_network(1)
    network = quantize(to_nir(net, dt=DT), TARGET, dt=DT)
    x = net.encode(random_inputs(1)).numpy()
    run, silent = emulate(network, x), emulate(network, 0 * x)
    fan_out = np.count_nonzero(network.synapses[0].weight, axis=0)
    assert np.array_equal(run.macs, (x != 0).sum(1) @ fan_out)
    assert silent.macs.tolist() == [0] * len(x)
