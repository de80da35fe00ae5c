"""The readable profile: one node per gate, for people and for nirviz.

    input -> x_z -> z -> z_c --.                             .-> h_z -> z
    input -> x_i -> i -> i_c --+-> c -> c_s -> s -> s_h --> h -> h_last -> h_i -> i
    input -> x_o -> o ------------------------------ o_h --'   '-> h_o -> o

Gates and outputs are Threshold nodes with the code's own thresholds, c is one LI per unit, h is
in counts (K h), and the step between h and the gates is a Delay of one dt that says so. No
simulator that we know runs it from file; `run_nir` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nir
import numpy as np

from spiking import SpikingSubLSTM

from ..semantics import LITERAL, Semantics
from .profile import (
    Array,
    Built,
    Edges,
    Feed,
    Nodes,
    Numbers,
    Rasters,
    Sizes,
    counting,
    gathered,
    inputs,
    per_neuron,
    values,
)


@dataclass(frozen=True)
class Readable:
    """Nineteen nodes that carry the names of the equations."""

    name: str = "readable"
    summary: str = "one node per gate, for people and nirviz"
    one_sided: bool = True
    semantics: Semantics = LITERAL

    def layer(
        self, layer: SpikingSubLSTM, name: str, weight_in: Array, feeds: tuple[Feed, ...], dt: float
    ) -> Built:
        """A node for every symbol of the equations."""
        signs, hidden, levels = values(layer.signs), layer.hidden_size, layer.code.levels
        counts, recurrent = counting(layer), values(layer.weight_hh) / levels
        nodes: Nodes = {}
        edges: Edges = []
        for at, gate in enumerate("zio"):
            rows = slice(at * hidden, (at + 1) * hidden)
            bias = np.outer(values(layer.bias)[rows], signs).reshape(-1)
            more, links = inputs(
                f"{name}x_{gate}", f"{name}{gate}", per_neuron(weight_in[rows], signs), bias, feeds
            )
            nodes |= more
            limits = np.tile(values(layer.threshold) * signs, hidden)
            nodes[f"{name}{gate}"] = nir.Threshold(limits)
            nodes[f"{name}h_{gate}"] = nir.Linear(per_neuron(recurrent[rows], signs))
            edges += [*links, (f"{name}h_{gate}", f"{name}{gate}")]
        tau = dt / (1.0 - values(layer.forget))
        nodes |= {
            f"{name}z_c": nir.Linear(counts),
            f"{name}i_c": nir.Linear(-counts),
            f"{name}c": nir.LI(tau=tau, r=tau / dt, v_leak=np.zeros(hidden)),
            f"{name}c_s": nir.Linear(np.kron(np.eye(hidden), signs[:, None])),
            f"{name}s": nir.Threshold(np.tile(values(layer.cell_threshold) * signs, hidden)),
            f"{name}s_h": nir.Linear(counts),
            f"{name}o_h": nir.Linear(-counts),
            f"{name}h": nir.Scale(np.ones(hidden)),
            f"{name}h_last": nir.Delay(np.full(hidden, dt)),
        }
        flow = "z>z_c i>i_c z_c>c i_c>c c>c_s c_s>s s>s_h o>o_h s_h>h o_h>h h>h_last"
        back = "h_last>h_z h_last>h_i h_last>h_o"
        for link in f"{flow} {back}".split():
            start, end = link.split(">")
            edges.append((f"{name}{start}", f"{name}{end}"))
        return Built(nodes, edges, (Feed(f"{name}h"),))

    def numbers(
        self, graph: nir.NIRGraph, name: str, feeds: tuple[Feed, ...], sizes: Sizes
    ) -> Numbers:
        """From the rows of each population's last neuron."""
        rows = sizes.columns
        found = [gathered(graph, f"{name}x_{gate}", feeds, rows) for gate in "zio"]
        return Numbers(
            np.concatenate([weight for weight, _ in found]),
            np.concatenate([graph.nodes[f"{name}h_{gate}"].weight[rows] for gate in "zio"]),
            np.concatenate([bias for _, bias in found]),
            1.0 - sizes.dt / graph.nodes[f"{name}c"].tau,
        )

    def spikes(self, rasters: Rasters, name: str, layer: SpikingSubLSTM) -> dict[str, Any]:
        """Each population is a node."""
        found = {gate: rasters[f"{name}{gate}"] for gate in "zios"}
        return {
            gate: raster.reshape(*raster.shape[:2], layer.hidden_size, layer.code.levels)
            for gate, raster in found.items()
        }
