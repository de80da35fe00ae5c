"""The stepwise profile: for simulators whose neurons decay by exp(-1/tau), tau counted in steps.

    input -> n1_in -> n2_gates -> n3_mix -> n4_cell (LI) -> n5_spread -> n6_out -> (what comes next)
                          ^----------------------- n7_rec <----------------'

sinabs reads NIR so: inputs enter unscaled, resets subtract, and a neuron fires once for every
threshold that its potential holds. Inputs and thresholds of a node are therefore raised by a
number B beyond anything it can receive: whoever fires then holds one threshold, never two. B is a
power of two of the grid, so that single precision, in which sinabs keeps weights, still holds them.
The same numbers mean something else to a reader that takes tau for seconds.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np

from spiking import SpikingSubLSTM

from ..presets import PRESETS
from ..semantics import Semantics
from .li import mix_of
from .profile import (
    Array,
    Built,
    Feed,
    Numbers,
    Rasters,
    Sizes,
    counting,
    gathered,
    inputs,
    parted,
    per_neuron,
    values,
)

# exp(-1/tau) of this many steps is 0 in double precision: nothing is left of the step before
_MEMORYLESS = 1e-3


@dataclass(frozen=True)
class Stepwise:
    """Read bit for bit by sinabs."""

    name: str = "stepwise"
    summary: str = "exponential decay in steps, one spike at most: sinabs"
    one_sided: bool = True
    semantics: Semantics = PRESETS["sinabs"]

    def layer(
        self, layer: SpikingSubLSTM, name: str, weight_in: Array, feeds: tuple[Feed, ...], dt: float
    ) -> Built:
        """Seven nodes."""
        del dt
        signs, units, levels = values(layer.signs), layer.hidden_size, layer.code.levels
        counts, population = counting(layer), units * levels
        decode = np.concatenate([counts, -counts], axis=1)
        gates, mix, cell, spread, out, rec = (
            f"{name}{part}"
            for part in ("n2_gates", "n3_mix", "n4_cell", "n5_spread", "n6_out", "n7_rec")
        )
        bias, raised = values(layer.bias), _beyond_gates(layer)
        nodes, edges = inputs(
            f"{name}n1_in",
            gates,
            per_neuron(weight_in, signs),
            np.outer(bias, signs).reshape(-1) + raised,
            feeds,
        )
        forget = values(layer.forget)
        kept = np.where(forget > 0, -1.0 / np.log(np.where(forget > 0, forget, 0.5)), _MEMORYLESS)
        tau = np.concatenate([kept, np.full(population, _MEMORYLESS)])
        limits = np.tile(values(layer.threshold) * signs, 3 * units) + raised
        nodes |= {
            gates: _memoryless(limits),
            mix: nir.Affine(mix_of(counts), np.zeros(units + population)),
            cell: nir.LI(tau=tau, r=np.ones(len(tau)), v_leak=np.zeros(len(tau))),
            rec: nir.Affine(
                per_neuron(values(layer.weight_hh) / levels @ decode, signs),
                np.zeros(3 * population),
            ),
        }
        above = _beyond_cell(layer)
        spreading = np.zeros((2 * population, units + population))
        spreading[:population, :units] = np.kron(np.eye(units), signs[:, None])
        spreading[population:, units:] = np.eye(population)
        nodes[spread] = nir.Affine(spreading, np.full(2 * population, above))
        cells = np.tile(values(layer.cell_threshold) * signs, units)
        nodes[out] = _memoryless(np.concatenate([cells, np.full(population, 0.5)]) + above)
        chain = (gates, mix, cell, spread, out, rec, gates)
        edges += itertools.pairwise(chain)
        return Built(nodes, edges, (Feed(out, decode),))

    def numbers(
        self, graph: nir.NIRGraph, name: str, feeds: tuple[Feed, ...], sizes: Sizes
    ) -> Numbers:
        """From the rows and columns of each population's last neuron."""
        weight_ih, bias = gathered(graph, f"{name}n1_in", feeds, sizes.rows)
        raised = np.rint(graph.nodes[f"{name}n2_gates"].v_threshold[sizes.rows] - sizes.threshold)
        kept = np.exp(-1.0 / graph.nodes[f"{name}n4_cell"].tau[: sizes.hidden])
        return Numbers(
            weight_ih,
            graph.nodes[f"{name}n7_rec"].weight[sizes.rows][:, sizes.columns],
            bias - raised,
            kept,
        )

    def spikes(self, rasters: Rasters, name: str, layer: SpikingSubLSTM) -> dict[str, Any]:
        """Gates, then cells and relays."""
        gates = parted(rasters[f"{name}n2_gates"], "zio", layer)
        return gates | parted(rasters[f"{name}n6_out"], ("s", "relay"), layer)


def _memoryless(limits: Array) -> nir.LIF:
    ones = np.ones(len(limits))
    return nir.LIF(
        tau=_MEMORYLESS * ones, r=ones, v_leak=0.0 * ones, v_threshold=limits, v_reset=0.0 * ones
    )


def _beyond_gates(layer: SpikingSubLSTM) -> float:
    """B for the gates, whose drive d and threshold t are known.

    One spike at most, for either sign, is d + B < 2 (t + B), that is B > d - 2 t.
    """
    reach = (
        layer.code.reach if layer.below is not None or layer.grid is None else layer.grid.input_max
    )
    worst = np.abs(values(layer.weight_ih)).sum(1) * reach
    worst = worst + np.abs(values(layer.weight_hh)).sum(1) * layer.code.reach
    worst = worst + np.abs(values(layer.bias))
    return _power_above(float(worst.max() + 2.0 * np.abs(values(layer.threshold)).max()))


def _beyond_cell(layer: SpikingSubLSTM) -> float:
    """The same for the cell, which gains K at most in a step: C < K / (1 - f)."""
    most = layer.code.levels / (1.0 - float(values(layer.forget).max()))
    return _power_above(most + 2.0 * float(np.abs(values(layer.cell_threshold)).max()))


def _power_above(bound: float) -> float:
    return float(2.0 ** np.ceil(np.log2(bound + 2.0)))
