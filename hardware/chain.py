"""Reading a NIR graph as one recurrent hidden layer with a readout, by types and edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Chain:
    """input -> W_in -> hidden (-> W_rec -> hidden) -> W_out -> readout -> output.

    w_in, w_rec, w_out  (hidden, inputs), (hidden, hidden), (outputs, hidden)
    hidden, readout     the CubaLIF nodes and their names
    biased              names of Affine nodes whose bias is not zero
    """

    w_in: Array
    w_rec: Array
    w_out: Array
    hidden: nir.CubaLIF
    readout: nir.CubaLIF
    hidden_name: str
    readout_name: str
    biased: tuple[str, ...]


def read_chain(graph: nir.NIRGraph) -> Chain | None:
    """The chain that `graph` is, or None where it is another one."""
    edges = {(str(a), str(b)) for a, b in graph.edges}
    sources = _of(graph, nir.Input)
    sinks = _of(graph, nir.Output)
    if len(sources) != 1 or len(sinks) != 1:
        return None
    path = [sources[0]]
    loops: list[str] = []
    while path[-1] != sinks[0]:
        following = sorted(b for a, b in edges if a == path[-1])
        back = [name for name in following if _closes(edges, name, path[-1])]
        onward = [name for name in following if name not in back]
        if len(onward) != 1 or onward[0] in path:
            return None
        if back:
            loops += back if len(path) == 3 else ["misplaced", "misplaced"]
        path.append(onward[0])
    if len(path) != 6 or len(loops) > 1 or len(edges) != 5 + 2 * len(loops):
        return None
    if len(graph.nodes) != 6 + len(loops):
        return None
    hidden, readout = graph.nodes[path[2]], graph.nodes[path[4]]
    linear = [path[1], path[3], *loops]
    if not (isinstance(hidden, nir.CubaLIF) and isinstance(readout, nir.CubaLIF)):
        return None
    if not all(isinstance(graph.nodes[name], nir.Linear | nir.Affine) for name in linear):
        return None
    weights = [np.asarray(graph.nodes[name].weight, np.float64) for name in linear]
    size = np.asarray(hidden.v_threshold).size
    recurrent = weights[2] if loops else np.zeros((size, size))
    biased = [n for n in linear if np.any(np.asarray(getattr(graph.nodes[n], "bias", 0.0)))]
    return Chain(
        weights[0], recurrent, weights[1], hidden, readout, path[2], path[4], tuple(biased)
    )


def _closes(edges: set[tuple[str, str]], name: str, source: str) -> bool:
    """Whether `name` leads straight back to `source` and nowhere else."""
    return {b for a, b in edges if a == name} == {source}


def _of(graph: nir.NIRGraph, kind: type) -> list[str]:
    return [str(name) for name, node in graph.nodes.items() if type(node) is kind]


def neurons(graph: nir.NIRGraph) -> int:
    """Spiking neurons of any graph."""
    nodes: Iterable[Any] = graph.nodes.values()
    return sum(int(np.asarray(n.v_threshold).size) for n in nodes if hasattr(n, "v_threshold"))


def width(graph: nir.NIRGraph, kind: type) -> int:
    """Entries of the graph's inputs (nir.Input) or outputs (nir.Output)."""
    total = 0
    for name in _of(graph, kind):
        for shape in graph.nodes[name].output_type.values():
            total += int(np.prod(shape))
    return total
