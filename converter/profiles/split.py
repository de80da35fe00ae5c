"""The split profile: every node has one time constant, for importers that ask for it.

    input -> n1_in -> n2_gates -> n3_mix_0000 -> n4_cell_0000 -> n5_rec_0000 -> n2_gates
                          |                            '-> (what comes next)
                          |-----> n3_mix_0001 -> n4_cell_0001 -> n5_rec_0001 -> n2_gates
                          '-----> n3_mix_relay -> n4_relay -> n5_rec_relay -> n2_gates

The units with the same forget share a cell node; the relays of o have their own. What the cells
and the relays say is summed by the next node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

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
class Split:
    """Read bit for bit by SpikingJelly; lava's processes are as uniform."""

    name: str = "split"
    summary: str = "one node per time constant: SpikingJelly, lava"
    one_sided: bool = False
    semantics: Semantics = LITERAL

    def layer(
        self, layer: SpikingSubLSTM, name: str, weight_in: Array, feeds: tuple[Feed, ...], dt: float
    ) -> Built:
        """Three nodes for the gates and relays, and three for every forget."""
        signs, levels, counts = values(layer.signs), layer.code.levels, counting(layer)
        population = layer.hidden_size * levels
        gates, mixed = f"{name}n2_gates", mixing(layer, CELL_WEIGHT_STEP)
        nodes, edges = inputs(
            f"{name}n1_in", gates, per_neuron(weight_in, signs), shifted_bias(layer), feeds
        )
        nodes[gates] = cuba(np.full(3 * population, dt), dt)
        says = []
        silent = np.zeros_like(mixed)
        forgets = values(layer.forget)
        for index, (forget, units) in enumerate(_groups(forgets)):
            neurons = (units[:, None] * levels + np.arange(levels)).reshape(-1)
            own = f"{index:04d}"
            weight = np.concatenate([mixed, -mixed, silent], axis=1)[neurons]
            tau = np.full(len(neurons), dt / (1.0 - forget))
            nodes |= {
                f"{name}n3_mix_{own}": nir.Affine(weight, np.zeros(len(neurons))),
                f"{name}n4_cell_{own}": cuba(tau, dt),
            }
            edges += [
                (gates, f"{name}n3_mix_{own}"),
                (f"{name}n3_mix_{own}", f"{name}n4_cell_{own}"),
            ]
            says.append(Feed(f"{name}n4_cell_{own}", counts[:, neurons]))
        # a relay has weight 2, so that one spike stands well above the threshold of 1
        relay = np.concatenate([silent, silent, 2.0 * np.eye(population)], axis=1)
        nodes |= {
            f"{name}n3_mix_relay": nir.Affine(relay, np.zeros(population)),
            f"{name}n4_relay": cuba(np.full(population, dt), dt),
        }
        edges += [(gates, f"{name}n3_mix_relay"), (f"{name}n3_mix_relay", f"{name}n4_relay")]
        says.append(Feed(f"{name}n4_relay", -counts))
        recurrent = per_neuron(values(layer.weight_hh) / levels, signs)
        back, closing = inputs(
            f"{name}n5_rec", gates, recurrent, np.zeros(3 * population), tuple(says)
        )
        return Built(nodes | back, edges + closing, tuple(says))

    def numbers(
        self, graph: nir.NIRGraph, name: str, feeds: tuple[Feed, ...], sizes: Sizes
    ) -> Numbers:
        """The units of a cell node are those whose gates its mix listens to."""
        forget, recurrent = (
            np.full(sizes.hidden, np.nan),
            np.zeros((3 * sizes.hidden, sizes.hidden)),
        )
        for index in range(sizes.hidden):
            own = f"{index:04d}"
            if f"{name}n4_cell_{own}" not in graph.nodes:
                break
            heard = graph.nodes[f"{name}n3_mix_{own}"].weight[sizes.levels - 1 :: sizes.levels]
            units = np.argmax(heard[:, : sizes.hidden * sizes.levels] != 0, axis=1) // sizes.levels
            forget[units] = 1.0 - sizes.dt / graph.nodes[f"{name}n4_cell_{own}"].tau_syn[0]
            last = np.arange(len(units)) * sizes.levels + sizes.levels - 1
            recurrent[:, units] = graph.nodes[f"{name}n5_rec_{own}"].weight[sizes.rows][:, last]
        if np.isnan(forget).any():
            raise ValueError(f"{name}n4_cell nodes for {int(np.isnan(forget).sum())} units missing")
        weight_ih, bias = gathered(graph, f"{name}n1_in", feeds, sizes.rows)
        return Numbers(weight_ih, recurrent, bias - 1.0 + sizes.threshold, forget)

    def spikes(self, rasters: Rasters, name: str, layer: SpikingSubLSTM) -> dict[str, Any]:
        """Gates; cells put back in the order of their units; relays."""
        found = parted(rasters[f"{name}n2_gates"], "zio", layer)
        relay = rasters[f"{name}n4_relay"]
        cells = np.zeros((*relay.shape[:2], layer.hidden_size, layer.code.levels), dtype=bool)
        for index, (_, units) in enumerate(_groups(values(layer.forget))):
            own = rasters[f"{name}n4_cell_{index:04d}"]
            cells[:, :, units] = own.reshape(*own.shape[:2], len(units), -1)
        return found | {"s": cells, "relay": relay.reshape(cells.shape)}


def _groups(forgets: Array) -> list[tuple[float, NDArray[np.int64]]]:
    """The distinct forgets, ascending, and the units that have each."""
    return [(float(each), np.flatnonzero(forgets == each)) for each in np.unique(forgets)]
