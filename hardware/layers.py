"""Reading a portable population graph as layers of gates and cells, by types and edges."""

from __future__ import annotations

from dataclasses import dataclass

import nir
import numpy as np


@dataclass(frozen=True)
class Layer:
    """Names of the nodes of one layer: affine -> gates -> mix -> cell (-> recurrent -> gates)."""

    into: str
    gates: str
    mix: str
    cell: str
    recurrent: str


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers from input to top, the readout's name ("" without one), and the graph itself."""

    layers: tuple[Layer, ...]
    readout: str
    graph: nir.NIRGraph

    @property
    def neurons(self) -> int:
        """Gate and cell neurons of all layers."""
        names = [name for layer in self.layers for name in (layer.gates, layer.cell)]
        return sum(int(np.size(self.graph.nodes[name].v_threshold)) for name in names)


def read_stack(graph: nir.NIRGraph) -> Stack | None:
    """The stack that `graph` is, or None where it is another graph."""
    following: dict[str, list[str]] = {str(name): [] for name in graph.nodes}
    for a, b in graph.edges:
        following[str(a)].append(str(b))
    here = _only([n for n, node in graph.nodes.items() if type(node) is nir.Input])
    layers: list[Layer] = []
    while here is not None:
        here = _only(following[here] if not layers else _onward(following, layers[-1]))
        if here is None or type(graph.nodes[here]) is nir.Output:
            break
        gates = _only(following[here])
        if gates is not None and type(graph.nodes[gates]) is nir.Output:
            return Stack(tuple(layers), here, graph) if layers and _affine(graph, here) else None
        mix = None if gates is None else _only(following[gates])
        cell = None if mix is None else _only(following[mix])
        if gates is None or mix is None or cell is None:
            return None
        back = [n for n in following[cell] if following[n] == [gates]]
        recurrent = _only(back)
        if recurrent is None or not all(_affine(graph, n) for n in (here, mix, recurrent)):
            return None
        if not all(type(graph.nodes[n]) is nir.CubaLIF for n in (gates, cell)):
            return None
        layers.append(Layer(here, gates, mix, cell, recurrent))
        if len(layers) > len(graph.nodes):
            return None
    return Stack(tuple(layers), "", graph) if layers and here is not None else None


def _onward(following: dict[str, list[str]], layer: Layer) -> list[str]:
    return [name for name in following[layer.cell] if name != layer.recurrent]


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _affine(graph: nir.NIRGraph, name: str) -> bool:
    return type(graph.nodes[name]) in (nir.Affine, nir.Linear)
