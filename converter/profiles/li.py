"""The li profile: the cell is an analog leaky integrator, whose value threshold neurons read.

    input -> n1_in -> n2_gates -> n3_mix -> n4_cell (LI) -> n5_spread -> n6_out -> (what comes next)
                          ^----------------------- n7_rec <----------------'

One LI per unit holds the cell in quanta; LI entries with tau = dt hand o on in the same step. A
constant can be added behind an LI, so that one-sided populations have their place here.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np

from spiking import SpikingSubLSTM

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
    parted,
    per_neuron,
    shifted_bias,
    values,
)


@dataclass(frozen=True)
class LeakyIntegrator:
    """Read bit for bit by sc-neurocore; a chip with analog integrators is laid out like this."""

    name: str = "li"
    summary: str = "the cell as an analog leaky integrator: sc-neurocore"
    one_sided: bool = True
    semantics: Semantics = LITERAL

    def layer(
        self, layer: SpikingSubLSTM, name: str, weight_in: Array, feeds: tuple[Feed, ...], dt: float
    ) -> Built:
        """Seven nodes."""
        signs, units = values(layer.signs), layer.hidden_size
        counts, population = counting(layer), units * layer.code.levels
        decode = np.concatenate([counts, -counts], axis=1)
        recurrent = values(layer.weight_hh) / layer.code.levels @ decode
        gates, mix, cell, spread, out, rec = (
            f"{name}{part}"
            for part in ("n2_gates", "n3_mix", "n4_cell", "n5_spread", "n6_out", "n7_rec")
        )
        nodes, edges = inputs(
            f"{name}n1_in", gates, per_neuron(weight_in, signs), shifted_bias(layer), feeds
        )
        tau = np.concatenate([dt / (1.0 - values(layer.forget)), np.full(population, dt)])
        nodes |= {
            gates: cuba(np.full(3 * population, dt), dt),
            mix: nir.Affine(mix_of(counts), np.zeros(units + population)),
            cell: nir.LI(tau=tau, r=tau / dt, v_leak=np.zeros(len(tau))),
            spread: nir.Affine(*_spread(layer)),
            out: cuba(np.full(2 * population, dt), dt),
            rec: nir.Affine(per_neuron(recurrent, signs), np.zeros(3 * population)),
        }
        chain = (gates, mix, cell, spread, out, rec, gates)
        edges += itertools.pairwise(chain)
        return Built(nodes, edges, (Feed(out, decode),))

    def numbers(
        self, graph: nir.NIRGraph, name: str, feeds: tuple[Feed, ...], sizes: Sizes
    ) -> Numbers:
        """From the rows and columns of each population's last neuron."""
        weight_ih, bias = gathered(graph, f"{name}n1_in", feeds, sizes.rows)
        return Numbers(
            weight_ih,
            graph.nodes[f"{name}n7_rec"].weight[sizes.rows][:, sizes.columns],
            bias - 1.0 + sizes.threshold,
            1.0 - sizes.dt / graph.nodes[f"{name}n4_cell"].tau[: sizes.hidden],
        )

    def spikes(self, rasters: Rasters, name: str, layer: SpikingSubLSTM) -> dict[str, Any]:
        """Gates, then cells and relays."""
        gates = parted(rasters[f"{name}n2_gates"], "zio", layer)
        return gates | parted(rasters[f"{name}n6_out"], ("s", "relay"), layer)


def mix_of(counts: Array) -> Array:
    """Gates to n_z - n_i of every unit, and o's spikes.  # (units + population, 3 population)"""
    population = counts.shape[1]
    none = np.zeros((counts.shape[0], population))
    silent = np.zeros((population, population))
    return np.block([[counts, -counts, none], [silent, silent, np.eye(population)]])


def _spread(layer: SpikingSubLSTM) -> tuple[Array, Array]:
    """Weight and bias that give every neuron its value with threshold 1.

    sign (C - t) > 0 is written sign C - sign t + 1 > 1; a relay has weight 2.
    """
    signs, units = values(layer.signs), layer.hidden_size
    population = units * layer.code.levels
    cells = np.kron(np.eye(units), signs[:, None])
    weight = np.block(
        [
            [cells, np.zeros((population, population))],
            [np.zeros((population, units)), 2.0 * np.eye(population)],
        ]
    )
    shift = np.tile(1.0 - signs * values(layer.cell_threshold), units)
    return weight, np.concatenate([shift, np.zeros(population)])
