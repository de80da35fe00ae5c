"""What a graph must be for `run_nir` to run it; each rule returns all that break it."""

from __future__ import annotations

from collections.abc import Callable

import nir
import numpy as np

from spiking.errors import GraphError, NotFiniteError

from .nir_flat import pairs
from .nir_steps import STEPS
from .nir_widths import fields, mismatched, misshapen, numbers

Fault = tuple[str, str]  # where, what
Check = Callable[[nir.NIRGraph], list[Fault]]
_ENDS = (nir.Input, nir.Output)
_NAMED = 8


def has_nodes_that_are_understood(graph: nir.NIRGraph) -> list[Fault]:
    """The interpreter, by which everything here is proved, knows these."""
    return [
        (name, f"is a {type(node).__name__}")
        for name, node in graph.nodes.items()
        if type(node) not in (*STEPS, *_ENDS)
    ]


def has_one_input_and_one_output(graph: nir.NIRGraph) -> list[Fault]:
    """Importers take one of each."""
    found = []
    for kind in _ENDS:
        names = sorted(name for name, node in graph.nodes.items() if type(node) is kind)
        if len(names) != 1:
            found.append((", ".join(names), f"{len(names)} {kind.__name__} nodes, not one"))
    return found


def has_edges_between_nodes(graph: nir.NIRGraph) -> list[Fault]:
    """Each once, from a node to a node."""
    try:
        edges = pairs(graph)
    except GraphError as error:
        return [("", str(error))]
    seen = set()
    found = []
    for edge in edges:
        where = " -> ".join(edge)
        if not set(edge) <= graph.nodes.keys():
            found.append((where, "names a node that is not there"))
        elif edge in seen:
            found.append((where, "stands twice"))
        seen.add(edge)
    return found


def has_finite_numbers(graph: nir.NIRGraph) -> list[Fault]:
    """NaN and infinity spread from step to step; text and complex numbers mean nothing here."""
    found = []
    for name, node in _understood(graph):
        for field, value in fields(node).items():
            given = numbers(value)
            if given.dtype.kind not in "fiu":
                found.append((f"{name}.{field}", f"is of {given.dtype}, not real numbers"))
            elif not np.isfinite(given).all():
                found.append((f"{name}.{field}", "holds NaN or infinity"))
    return found


def has_positive_time_constants(graph: nir.NIRGraph) -> list[Fault]:
    """And delays that are not negative."""
    found = []
    for name, node in _understood(graph):
        for field, value in fields(node).items():
            given = numbers(value)
            if given.dtype.kind not in "fiu" or not given.size:
                continue
            least = float(given.min())
            if (field.startswith("tau") and least <= 0.0) or (field == "delay" and least < 0.0):
                found.append((f"{name}.{field}", f"goes down to {least:g}"))
    return found


def has_arrays_that_fit(graph: nir.NIRGraph) -> list[Fault]:
    """A bias of any length is accepted by nir."""
    return [
        (f"{name}.{field}", f"has {what}")
        for name, node in _understood(graph)
        for field, what in misshapen(node)
    ]


def has_edges_that_fit(graph: nir.NIRGraph) -> list[Fault]:
    """A node takes as many entries as the one that feeds it says."""
    if has_arrays_that_fit(graph) or has_edges_between_nodes(graph):
        return []  # said there
    known = dict(_understood(graph))
    edges = [(a, b) for a, b in pairs(graph) if a in known and b in known]
    return [
        (f"{a} -> {b}", f"{said} entries into {taken}")
        for a, b, said, taken in mismatched(known, edges)
    ]


NEEDED: tuple[Check, ...] = (
    has_nodes_that_are_understood,
    has_one_input_and_one_output,
    has_edges_between_nodes,
    has_finite_numbers,
    has_positive_time_constants,
    has_arrays_that_fit,
    has_edges_that_fit,
)


def require_readable(graph: nir.NIRGraph) -> tuple[str, str]:
    """Names of the one input and the one output of a graph that `run_nir` can run.

    Raises GraphError naming everything that breaks a rule of NEEDED, NotFiniteError where that is
    only NaN and infinity.
    """
    broken = [(check, fault) for check in NEEDED for fault in check(graph)]
    if broken:
        said = [f"{where} {what}".strip() for _, (where, what) in broken]
        more = f"; and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
        infinite = all(what.startswith("holds") for _, (_, what) in broken)
        raise (NotFiniteError if infinite else GraphError)("; ".join(said[:_NAMED]) + more)
    ends = [next(n for n, node in graph.nodes.items() if type(node) is kind) for kind in _ENDS]
    return ends[0], ends[1]


def _understood(graph: nir.NIRGraph) -> list[tuple[str, nir.NIRNode]]:
    return [(n, node) for n, node in graph.nodes.items() if type(node) in (*STEPS, *_ENDS)]
