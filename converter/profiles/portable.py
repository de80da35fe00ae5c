"""The portable profile: one chain of Affine and CubaLIF nodes with one feedback edge a layer.

    input -> l0_n1_in -> l0_n2_gates -> l0_n3_mix -> l0_n4_cell -> (l1_n1_in ...) -> output
                              ^------------ l0_n5_rec <-----'

Every membrane is memoryless (tau_mem = dt), so that reset semantics vanish. The cell state is
the synaptic current of n4 (never reset); the other half of n4 relays o to the same step's end.
Names sort in data-flow order and the recurrent edge stands before the outgoing one, because
HDF5 forgets the order of nodes and importers schedule by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nir
import numpy as np

from spiking import SpikingSubLSTM
from spiking.codes.population import CELL_WEIGHT_STEP

from ..semantics import LITERAL, Semantics
from .profile import (
    Array,
    Built,
    Feed,
    Numbers,
    Rasters,
    Sizes,
    counting,
    cuba,
    gathered,
    inputs,
    mixing,
    parted,
    per_neuron,
    shifted_bias,
    values,
)


@dataclass(frozen=True)
class Portable:
    """Read bit for bit by snnTorch, Norse and sc-neurocore."""

    name: str = "portable"
    summary: str = "one chain of Affine and CubaLIF: snnTorch, Norse, sc-neurocore"
    one_sided: bool = False
    semantics: Semantics = LITERAL

    def layer(
        self, layer: SpikingSubLSTM, name: str, weight_in: Array, feeds: tuple[Feed, ...], dt: float
    ) -> Built:
        """Five nodes."""
        signs, population = values(layer.signs), layer.hidden_size * layer.code.levels
        counts = counting(layer)
        decode = np.concatenate([counts, -counts], axis=1)
        recurrent = values(layer.weight_hh) / layer.code.levels @ decode
        gates, mix, cell, rec = (
            f"{name}{part}" for part in ("n2_gates", "n3_mix", "n4_cell", "n5_rec")
        )
        cells, silent = mixing(layer, CELL_WEIGHT_STEP), np.zeros((population, population))
        # a relay has weight 2, so that one spike stands well above the threshold of 1
        relays = 2.0 * np.eye(population)
        forget = np.repeat(values(layer.forget), layer.code.levels)
        nodes, edges = inputs(
            f"{name}n1_in", gates, per_neuron(weight_in, signs), shifted_bias(layer), feeds
        )
        nodes |= {
            gates: cuba(np.full(3 * population, dt), dt),
            mix: nir.Affine(
                np.block([[cells, -cells, silent], [silent, silent, relays]]),
                np.zeros(2 * population),
            ),
            cell: cuba(np.concatenate([dt / (1.0 - forget), np.full(population, dt)]), dt),
            rec: nir.Affine(per_neuron(recurrent, signs), np.zeros(3 * population)),
        }
        edges += [(gates, mix), (mix, cell), (cell, rec), (rec, gates)]
        return Built(nodes, edges, (Feed(cell, decode),))

    def numbers(
        self, graph: nir.NIRGraph, name: str, feeds: tuple[Feed, ...], sizes: Sizes
    ) -> Numbers:
        """From the rows and columns of each population's last neuron."""
        weight_ih, bias = gathered(graph, f"{name}n1_in", feeds, sizes.rows)
        return Numbers(
            weight_ih,
            graph.nodes[f"{name}n5_rec"].weight[sizes.rows][:, sizes.columns],
            bias - 1.0 + sizes.threshold,
            1.0 - sizes.dt / graph.nodes[f"{name}n4_cell"].tau_syn[sizes.columns],
        )

    def spikes(self, rasters: Rasters, name: str, layer: SpikingSubLSTM) -> dict[str, Any]:
        """Gates, then cells and relays."""
        gates = parted(rasters[f"{name}n2_gates"], "zio", layer)
        return gates | parted(rasters[f"{name}n4_cell"], ("s", "relay"), layer)
