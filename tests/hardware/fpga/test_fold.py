"""A folded network has the sums of the network, and a population folds into its units."""

import numpy as np
import pytest

from converter import to_nir
from hardware import emulate, quantize
from hardware.fpga.fold import folded
from tests.hardware.fpga.networks import TARGET, random_inputs, random_network
from tests.spiking import random_nets


def lived(network, rows, inputs: np.ndarray):
    """A plain loop over rows, terms and rungs: spikes of all neurons.  # (steps, neurons)"""
    old, states, spikes = [0] * rows.columns, {}, []
    for step in inputs:
        values = [int(v) for v in step] + [0] * len(rows.reach)
        fires = np.zeros(len(rows.wires.source), np.int64)
        for row in rows.rows:
            total = row.bias + sum(
                t.weight * (old if t.old else values)[t.column] for t in row.terms
            )
            for neuron, rung in zip(row.neurons, row.ladder, strict=True):
                kept = (row.decay * states.get(neuron, 0) + 2048) >> 12
                states[neuron] = kept + rung.factor * total + rung.offset
                fires[neuron] = rung.threshold is not None and states[neuron] > rung.threshold
                if row.target is not None:
                    values[row.target] += rung.sign * int(fires[neuron])
        spikes.append(fires[rows.wires.source])
        old = values
    return np.array(spikes)


@pytest.mark.parametrize("seed", range(8))
def test_its_rows_fire_as_the_network_does(seed) -> None:
    network = random_network(seed, layers=1 + seed % 3)
    rows, inputs = folded(network), random_inputs(seed, network)
    ours = emulate(network, inputs)
    fires = lived(network, rows, inputs[0])
    for group in network.groups:
        start = rows.wires.starts[group.name]
        if group.spikes:
            found = fires[:, start : start + len(group)]
            assert np.array_equal(found, ours.spikes[group.name][0])


def test_a_population_is_one_row_a_gate_one_a_cell_and_one_count_a_difference() -> None:
    net = random_nets.random_network(2, levels=8)
    rows = folded(quantize(to_nir(net, dt=1e-4), TARGET, dt=1e-4))
    hidden, levels, outputs = 5, 8, 4
    # relays of o are wires; z - i of a unit is one count, s - o another
    assert len(rows.rows) == 3 * hidden + hidden + outputs
    assert rows.columns == 3 + 2 * hidden
    assert len(rows.order) == 4 * hidden * levels + outputs
    assert rows.reach.tolist() == [2 * levels] * (2 * hidden)
    assert [len(row.terms) for row in rows.rows[: 3 * hidden]] == [3 + hidden] * 3 * hidden
    assert [row.unit for row in rows.rows] == [True] * 15 + [False] * 5 + [True] * 4
