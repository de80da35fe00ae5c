"""What is wrong, or will be read differently, in a NIR graph: every finding at once, no exception.

Each rule is a function named as the sentence that a good graph fulfils; it returns what breaks it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nir
import numpy as np

from spiking.errors import SubspikeError

from .nir_file import round_trip
from .nir_graph import PORTABLE_DT, semantics_of
from .nir_hdf5 import open_nir
from .nir_interpreter import NirRun, run_nir
from .nir_steps import SPIKING, STEPS, SYNAPSES
from .semantics import Semantics
from .support import differing, probe, support

ERROR, WARNING = "error", "warning"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_HOLDS_STATE = (nir.CubaLI, nir.CubaLIF, nir.Delay, nir.I, nir.IF, nir.LI, nir.LIF)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    rule      the sentence that does not hold
    severity  "error": no two readers agree, or none runs it; "warning": some read it differently
    where     node, field or edge; "" for the graph
    what      what was found
    remedy    what to do
    """

    rule: str
    severity: str
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.severity}: {place}{self.what} ({self.rule}); {self.remedy}"


@dataclass(frozen=True)
class Lint:
    """All findings, and what each consumer would do: {"norse": Support, ...}."""

    findings: tuple[Finding, ...]
    consumers: dict[str, Any]

    @property
    def sound(self) -> bool:
        """No error among the findings."""
        return not any(found.severity == ERROR for found in self.findings)


Rule = Callable[[nir.NIRGraph, float], list[Finding]]


def lint(graph: nir.NIRGraph, *, dt: float = PORTABLE_DT, consumers: tuple[str, ...] = ()) -> Lint:
    """Every rule that `graph` breaks, and the verdict of each named consumer.

    dt  seconds per step

    Never raises for what is in the graph.
    """
    found = [each for rule in STATIC for each in rule(graph, dt)]
    if not any(each.severity == ERROR for each in found):
        found += [each for rule in RUNNING for each in rule(graph, dt)]
    usable = not any(each.severity == ERROR for each in found)
    verdicts = {name: support(graph, name, dt=dt) for name in consumers if usable}
    return Lint(tuple(found), verdicts)


def has_one_input_and_one_output(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """Importers take one of each."""
    found = []
    for kind in (nir.Input, nir.Output):
        names = sorted(name for name, node in graph.nodes.items() if type(node) is kind)
        if len(names) != 1:
            what = f"{len(names)} {kind.__name__} nodes {names}"
            found.append(_said(has_one_input_and_one_output, ERROR, "", what, "keep exactly one"))
    return found


def has_nodes_that_are_understood(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """The interpreter, by which everything here is proved, knows these."""
    known = (*STEPS, nir.Input, nir.Output)
    return [
        _said(
            has_nodes_that_are_understood,
            ERROR,
            name,
            f"a {type(node).__name__}",
            f"use {', '.join(sorted(kind.__name__ for kind in STEPS))}",
        )
        for name, node in graph.nodes.items()
        if type(node) not in known
    ]


def has_finite_numbers(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """NaN and infinity spread from step to step."""
    return [
        _said(has_finite_numbers, ERROR, f"{name}.{field}", what, "write finite real numbers")
        for name, field, value in _arrays(graph)
        if (what := _not_numbers(value))
    ]


def has_time_constants_of_at_least_a_step(graph: nir.NIRGraph, dt: float) -> list[Finding]:
    """Euler's decay 1 - dt/tau is negative below, and undefined at 0."""
    found = []
    in_steps = semantics_of(graph).tau_in_steps
    for name, field, value in _arrays(graph):
        if not field.startswith("tau") or _not_numbers(value):
            continue
        least = float(np.min(value, initial=np.inf))
        if least <= 0.0 or (least < dt and not in_steps):
            what = f"{least:g}, with steps of {dt:g} s"
            remedy = "use dt at least, or name the step or the unit of this file"
            where = f"{name}.{field}"
            found.append(_said(has_time_constants_of_at_least_a_step, ERROR, where, what, remedy))
    return found


def has_arrays_that_fit(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """A bias of any length is accepted by nir."""
    found = []
    for name, node in graph.nodes.items():
        weight: Any = getattr(node, "weight", None)
        bias: Any = getattr(node, "bias", None)
        if type(node) in SYNAPSES and (weight is None or np.ndim(weight) != 2):
            found.append(
                _said(
                    has_arrays_that_fit,
                    ERROR,
                    f"{name}.weight",
                    f"{np.ndim(weight)} axes",
                    "write (outputs, inputs)",
                )
            )
        elif type(node) is nir.Affine and np.shape(bias) != np.shape(weight)[:1]:
            what = f"a bias of {np.shape(bias)} for {np.shape(weight)[0]} rows"
            found.append(
                _said(has_arrays_that_fit, ERROR, f"{name}.bias", what, "write one number a row")
            )
    return found


def has_thresholds_above_reset(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """A neuron that is reset above its threshold fires for ever."""
    return [
        _said(
            has_thresholds_above_reset,
            ERROR,
            name,
            "v_reset is not below v_threshold",
            "lower v_reset",
        )
        for name, node in graph.nodes.items()
        if type(node) in SPIKING
        and hasattr(node, "v_reset")
        and not _not_numbers(node.v_reset)
        and not np.all(np.asarray(node.v_reset) < np.asarray(node.v_threshold))
    ]


def has_edges_between_nodes(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """Each once, from a node to a node."""
    edges = [tuple(edge) for edge in graph.edges]
    found = []
    for edge in sorted(set(edges)):
        where = " -> ".join(edge)
        if not set(edge) <= set(graph.nodes):
            found.append(_said(has_edges_between_nodes, ERROR, where, "names no node", "remove it"))
        elif edges.count(edge) > 1:
            found.append(_said(has_edges_between_nodes, ERROR, where, "stands twice", "keep one"))
    return found


def has_every_node_between_input_and_output(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """What is not reached is dropped, or gets an input of its own."""
    inputs = [name for name, node in graph.nodes.items() if type(node) is nir.Input]
    outputs = [name for name, node in graph.nodes.items() if type(node) is nir.Output]
    ahead = _walk(inputs, graph.edges)
    back = _walk(outputs, [(b, a) for a, b in graph.edges])
    return [
        _said(has_every_node_between_input_and_output, WARNING, name, what, "connect or remove it")
        for name in sorted(graph.nodes)
        for what, reached in (
            ("not reached from the input", ahead),
            ("does not lead to the output", back),
        )
        if name not in reached
    ]


def has_state_in_every_loop(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """A loop without a neuron or a Delay is an equation, not a recursion."""
    bare = {name for name, node in graph.nodes.items() if type(node) not in _HOLDS_STATE}
    edges = [(a, b) for a, b in graph.edges if a in bare and b in bare]
    return [
        _said(
            has_state_in_every_loop,
            ERROR,
            name,
            "in a loop that holds no state",
            "put a Delay into it",
        )
        for name in sorted(bare)
        if name in _walk([b for a, b in edges if a == name], edges)
    ]


def has_plain_names(graph: nir.NIRGraph, _dt: float) -> list[Finding]:
    """HDF5 parts names at "/", nirtorch at ".", Python at keywords."""
    return [
        _said(
            has_plain_names,
            ERROR if "/" in name else WARNING,
            name,
            "not a plain name",
            "use letters, digits and _",
        )
        for name in graph.nodes
        if not _PLAIN.fullmatch(name)
    ]


def runs(graph: nir.NIRGraph, dt: float) -> list[Finding]:
    """Under the literal semantics, on a random probe."""
    try:
        run_nir(graph, probe(graph), dt=dt, semantics=semantics_of(graph))
    except SubspikeError as error:
        return [_said(runs, ERROR, "", str(error), "mend the nodes that are named")]
    return []


def has_thresholds_off_ties(graph: nir.NIRGraph, dt: float) -> list[Finding]:
    """Half of the simulators fire where the potential equals the threshold."""
    how = semantics_of(graph)
    other = replace(how, fires_at=not how.fires_at)
    return _compared(
        has_thresholds_off_ties,
        graph,
        dt,
        {"firing at the threshold": (graph, other)},
        "move thresholds between the values that a potential can take",
    )


def means_the_same_in_every_order(graph: nir.NIRGraph, dt: float) -> list[Finding]:
    """HDF5 forgets the order of nodes, and importers schedule by it."""
    how = semantics_of(graph)
    names = sorted(graph.nodes)
    variants = {
        "nodes in alphabetical order": (_ordered(graph, names), replace(how, order="nirtorch")),
        "nodes in reversed order": (_ordered(graph, names[::-1]), replace(how, order="nirtorch")),
    }
    return _compared(
        means_the_same_in_every_order,
        graph,
        dt,
        variants,
        "close every loop over one edge, into a node that has another input; or cut it by a Delay",
    )


def survives_a_round_trip(graph: nir.NIRGraph, dt: float) -> list[Finding]:
    """Written and read back, it fires the same spikes."""
    try:
        again = round_trip(graph)
    except SubspikeError as error:
        return [_said(survives_a_round_trip, ERROR, "", str(error), "mend what is named")]
    return _compared(
        survives_a_round_trip,
        graph,
        dt,
        {"read back": (again, semantics_of(graph))},
        "rename or reorder nodes",
    )


STATIC: tuple[Rule, ...] = (
    has_one_input_and_one_output,
    has_nodes_that_are_understood,
    has_finite_numbers,
    has_time_constants_of_at_least_a_step,
    has_arrays_that_fit,
    has_thresholds_above_reset,
    has_edges_between_nodes,
    has_every_node_between_input_and_output,
    has_state_in_every_loop,
    has_plain_names,
)
RUNNING: tuple[Rule, ...] = (
    runs,
    has_thresholds_off_ties,
    means_the_same_in_every_order,
    survives_a_round_trip,
)


def _compared(
    rule: Rule,
    graph: nir.NIRGraph,
    dt: float,
    variants: dict[str, tuple[nir.NIRGraph, Semantics]],
    remedy: str,
) -> list[Finding]:
    """A warning for every variant that fires other spikes than the graph does."""
    x = probe(graph)
    try:
        meant = run_nir(graph, x, dt=dt, semantics=semantics_of(graph))
    except SubspikeError:
        return []  # said by `runs`
    found = []
    for name, (variant, how) in variants.items():
        share = _share(meant, variant, x, dt, how)
        if share:
            found.append(_said(rule, WARNING, "", f"{name}: {share}", remedy))
    return found


def _share(meant: NirRun, graph: nir.NIRGraph, x: Any, dt: float, how: Semantics) -> str:
    try:
        share = differing(meant, run_nir(graph, x, dt=dt, semantics=how))
    except SubspikeError as error:
        return str(error)
    return f"{share:.1%} of spiking bins differ" if share else ""


def _ordered(graph: nir.NIRGraph, names: list[str]) -> nir.NIRGraph:
    nodes = {name: graph.nodes[name] for name in names}
    return nir.NIRGraph(nodes, list(graph.edges), metadata=graph.metadata, type_check=False)


def _walk(starts: list[str], edges: list[tuple[str, str]]) -> set[str]:
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    seen: set[str] = set()
    stack = list(starts)
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack += following.get(name, [])
    return seen


def _arrays(graph: nir.NIRGraph) -> list[tuple[str, str, Any]]:
    return [
        (name, field, value)
        for name, node in graph.nodes.items()
        if type(node) in STEPS
        for field, value in vars(node).items()
        if field not in ("input_type", "output_type", "metadata")
    ]


def _not_numbers(value: Any) -> str:
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "fiu":
        return f"{numbers.dtype}, not real numbers"
    return "" if np.isfinite(numbers).all() else "NaN or infinity"


def _said(rule: Rule, severity: str, where: str, what: str, remedy: str) -> Finding:
    return Finding(rule.__name__.replace("_", " "), severity, where, what, remedy)


def lint_file(path: Path, *, dt: float = PORTABLE_DT, consumers: tuple[str, ...] = ()) -> Lint:
    """`lint` on a file; one that cannot be opened is a finding as well."""
    try:
        graph = open_nir(path)
    except SubspikeError as error:
        return Lint((Finding("is a NIR file", ERROR, str(path), str(error), "write it again"),), {})
    return lint(graph, dt=dt, consumers=consumers)
