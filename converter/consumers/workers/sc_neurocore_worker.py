"""sc-neurocore 3.16 (AGPL): its NIR bridge, which runs one sample at a time."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

SPIKING = (nir.CubaLIF, nir.IF, nir.LIF, nir.Threshold)
Spikes = dict[str, NDArray[Any]]


def run(graph: nir.NIRGraph, x: NDArray[Any], dt: float) -> tuple[Spikes, NDArray[Any]]:
    """Each sample in a network of its own, so that no state passes on."""
    from sc_neurocore.nir_bridge import from_nir

    names = [name for name, node in graph.nodes.items() if type(node) in SPIKING]
    done = [_sample(from_nir(graph, dt=dt), names, sample) for sample in x]
    spikes = {name: np.stack([each[0][name] for each in done]) for name in names}
    return spikes, np.stack([each[1] for each in done])


def _sample(network: Any, names: list[str], x: NDArray[Any]) -> tuple[Spikes, NDArray[Any]]:
    (source,), (sink,) = network.input_nodes, network.output_nodes
    kept: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for name in names:
        _watch(network.nodes[name], kept[name])
    outputs = [np.array(network.step({source: x_t})[sink]) for x_t in x]
    return {name: np.stack(each) for name, each in kept.items()}, np.stack(outputs)


def _watch(node: Any, kept: list[NDArray[Any]]) -> None:
    original = node.forward

    def forward(x: Any) -> Any:
        said = original(x)
        kept.append(np.array(said))
        return said

    node.forward = forward
