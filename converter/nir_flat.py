"""Graphs within a graph, resolved: one level of nodes, edges through the inner ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TypeVar

import nir

from spiking.errors import GraphError

Edges = list[tuple[str, str]]
MOST_EDGES = 200_000
DEEPEST = 32
T = TypeVar("T")


def pairs(graph: nir.NIRGraph) -> Edges:
    """Edges as pairs of names; GraphError for one that is none."""
    found: Edges = []
    for edge in graph.edges:
        ends = tuple(edge) if isinstance(edge, (list, tuple)) else ()
        if len(ends) != 2 or not all(isinstance(end, str) for end in ends):
            raise GraphError(f"the edge {edge!r} is no pair of names")
        found.append((ends[0], ends[1]))
    return found


def nested(graph: nir.NIRGraph) -> list[str]:
    """Names of the graphs within the graph."""
    return [name for name, node in graph.nodes.items() if isinstance(node, nir.NIRGraph)]


def flattened(graph: nir.NIRGraph) -> nir.NIRGraph:
    """The same graph without graphs in it: node "b" of graph "a" is called "a_b".

    An edge to an inner graph goes on to what its Input leads to, one from it starts at what leads
    to its Output. A graph without inner ones is returned as it is.

    Raises GraphError for an edge to or from no node, two nodes of one name, and a loop of edges
    through inner graphs that passes no node.
    """
    if not nested(graph):
        return graph
    nodes, edges, ends = _unfolded(graph, "", 0)
    straight = _straight(edges, set(ends))
    kept = {name: node for name, node in nodes.items() if name not in ends}
    return nir.NIRGraph(kept, straight, metadata=graph.metadata, type_check=False)


def _unfolded(
    graph: nir.NIRGraph, prefix: str, depth: int
) -> tuple[dict[str, nir.NIRNode], Edges, dict[str, None]]:
    """Every node of every level by its full name, and the inner Inputs and Outputs to resolve."""
    if depth > DEEPEST:
        raise GraphError(f"{prefix!r}: graphs within graphs, more than {DEEPEST} deep")
    nodes: dict[str, nir.NIRNode] = {}
    edges: Edges = []
    ends: dict[str, None] = {}
    takes: dict[str, list[str]] = {}
    gives: dict[str, list[str]] = {}
    for name, node in graph.nodes.items():
        full = prefix + name
        made = {full: node}
        takes[name] = gives[name] = [full]
        if isinstance(node, nir.NIRGraph):
            made, links, deeper = _unfolded(node, f"{full}_", depth + 1)
            takes[name] = [f"{full}_{n}" for n, v in node.nodes.items() if type(v) is nir.Input]
            gives[name] = [f"{full}_{n}" for n, v in node.nodes.items() if type(v) is nir.Output]
            edges += links
            ends |= deeper | dict.fromkeys([*takes[name], *gives[name]])
        twice = made.keys() & nodes.keys()
        if twice:
            raise GraphError(f"two nodes would be called {sorted(twice)} without inner graphs")
        nodes |= made
    for a, b in pairs(graph):
        where = f"the edge {prefix}{a} -> {prefix}{b}"
        if a not in gives or b not in takes:
            raise GraphError(f"{where} names a node that is not there")
        if len(gives[a]) != 1 or len(takes[b]) != 1:
            raise GraphError(
                f"{where} meets an inner graph of {len(gives[a])} outputs or {len(takes[b])} "
                "inputs; an edge can only mean one"
            )
        edges.append((gives[a][0], takes[b][0]))
    return nodes, edges, ends


def _straight(edges: Edges, ends: set[str]) -> Edges:
    """Edges between what is no end, over however many ends lie between."""
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    meant: dict[str, list[str]] = {}
    for end in ends:
        stack = [] if end in meant else [(end, iter(following.get(end, [])))]
        under_way = {end}
        while stack:
            name, rest = stack[-1]
            child = next((b for b in rest if b in ends and b not in meant), None)
            if child is None:
                stack.pop()
                under_way.discard(name)
                meant[name] = _limited(
                    each for b in following.get(name, []) for each in meant.get(b, [b])
                )
            elif child in under_way:
                raise GraphError(f"a loop through {child!r} passes no node")
            else:
                under_way.add(child)
                stack.append((child, iter(following.get(child, []))))
    return _limited((a, each) for a, b in edges if a not in ends for each in meant.get(b, [b]))


def _limited(found: Iterable[T]) -> list[T]:
    kept = list(itertools.islice(found, MOST_EDGES + 1))
    if len(kept) > MOST_EDGES:
        raise GraphError(f"more than {MOST_EDGES} edges without inner graphs")
    return kept
