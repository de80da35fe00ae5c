"""What a good NIR graph is like; each rule, named as a sentence, returns all that break it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import nir
import numpy as np

from spiking.errors import SubspikeError

from .nir_file import round_trip
from .nir_flat import pairs
from .nir_graph import semantics_of
from .nir_rules import (
    Fault,
    has_arrays_that_fit,
    has_edges_between_nodes,
    has_edges_that_fit,
    has_finite_numbers,
    has_nodes_that_are_understood,
    has_one_input_and_one_output,
    has_positive_time_constants,
)
from .nir_steps import SPIKING, STEPS
from .nir_units import MOST_STEPS
from .nir_widths import fields, numbers
from .schedule import loops, reached
from .semantics import Semantics
from .trial import Trial

ERROR, WARNING = "error", "warning"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
UNDERSTOOD = sorted(kind.__name__ for kind in STEPS)
_HOLDS_STATE = (nir.CubaLI, nir.CubaLIF, nir.I, nir.IF, nir.LI, nir.LIF)


@dataclass(frozen=True)
class Rule:
    """A sentence that holds of good graphs.

    broken    returns where it does not hold, and what was found there
    severity  "error": nobody runs the graph, or no two readers agree; "warning": some read it
              differently
    """

    broken: Callable[..., list[Fault]]
    severity: str
    remedy: str

    @property
    def name(self) -> str:
        """The sentence."""
        return self.broken.__name__.replace("_", " ")


def has_time_constants_of_at_least_a_step(graph: nir.NIRGraph, dt: float) -> list[Fault]:
    """Euler's decay 1 - dt/tau is negative below."""
    return _taus(graph, dt, lambda tau: (tau > 0.0) & (tau < dt * (1.0 - 1e-9)))


def has_time_constants_that_end(graph: nir.NIRGraph, dt: float) -> list[Fault]:
    """Beyond 10,000 steps nothing leaks in any sequence we know: the unit is another."""
    return _taus(graph, dt, lambda tau: tau > MOST_STEPS * dt)


def _taus(graph: nir.NIRGraph, dt: float, wrong: Callable[[Any], Any]) -> list[Fault]:
    found: list[Fault] = []
    if semantics_of(graph).tau_in_steps:
        return found
    for name, node in graph.nodes.items():
        for field, value in fields(node).items():
            tau = numbers(value)
            if not field.startswith("tau") or tau.dtype.kind not in "fiu":
                continue
            odd = tau[wrong(tau)]
            if odd.size:
                span = f"{odd.min() / dt:g} to {odd.max() / dt:g}"
                found.append((f"{name}.{field}", f"{odd.size} of {span} steps of {dt:g} s"))
    return found


def has_thresholds_above_reset(graph: nir.NIRGraph, _dt: float) -> list[Fault]:
    """A neuron that is reset above its threshold fires for ever."""
    found = []
    for name, node in graph.nodes.items():
        if type(node) in SPIKING and hasattr(node, "v_reset"):
            reset, limit = numbers(node.v_reset), numbers(node.v_threshold)
            real = reset.dtype.kind in "fiu" and limit.dtype.kind in "fiu"
            if real and (reset.shape == limit.shape or () in (reset.shape, limit.shape)):
                stuck = int((reset >= limit).sum())
                found += [(name, f"{stuck} neurons with v_reset >= v_threshold")] if stuck else []
    return found


def has_every_node_between_input_and_output(graph: nir.NIRGraph, _dt: float) -> list[Fault]:
    """What is not reached is dropped, or gets an input of its own."""
    inputs = [name for name, node in graph.nodes.items() if type(node) is nir.Input]
    outputs = [name for name, node in graph.nodes.items() if type(node) is nir.Output]
    if has_edges_between_nodes(graph) or not inputs or not outputs:
        return []  # said there
    ahead = reached(inputs, pairs(graph))
    back = reached(outputs, [(b, a) for a, b in pairs(graph)])
    return [
        (name, "is not reached from the input" if name not in ahead else "leads to no output")
        for name in sorted(graph.nodes)
        if name not in ahead or name not in back
    ]


def has_state_in_every_loop(graph: nir.NIRGraph, dt: float) -> list[Fault]:
    """A loop without a neuron or a Delay is an equation, not a recursion."""
    bare = {name for name, node in graph.nodes.items() if not _holds_state(node, dt)}
    if has_edges_between_nodes(graph):
        return []  # said there
    edges = [(a, b) for a, b in pairs(graph) if a in bare and b in bare]
    return [(name, "is in a loop that holds no state") for name in sorted(loops(edges))]


def _holds_state(node: nir.NIRNode, dt: float) -> bool:
    if type(node) is nir.Delay:
        delay = numbers(node.delay)
        return delay.dtype.kind in "fiu" and bool((np.rint(delay / dt) >= 1).all())
    return type(node) in _HOLDS_STATE


def has_names_that_hdf5_keeps(graph: nir.NIRGraph, _dt: float) -> list[Fault]:
    """HDF5 parts names at "/"."""
    return [(name, "is parted in a file") for name in graph.nodes if not _keepable(name)]


def has_plain_names(graph: nir.NIRGraph, _dt: float) -> list[Fault]:
    """Names are changed by nirtorch where they hold "." or are keywords."""
    return [
        (name, "is no plain name")
        for name in graph.nodes
        if _keepable(name) and not _PLAIN.fullmatch(name)
    ]


def _keepable(name: str) -> bool:
    return "/" not in name and name not in ("", ".")


def has_neurons_that_fire(trial: Trial) -> list[Fault]:
    """Where none does, nothing that is compared here says anything of the node."""
    return [(name, "fires on no probe") for name in trial.silent]


def has_thresholds_off_ties(trial: Trial) -> list[Fault]:
    """Half of the simulators fire where the potential equals the threshold."""
    other = replace(trial.how, fires_at=not trial.how.fires_at)
    return _compared(trial, {"firing at the threshold as well": (trial.graph, other)})


def means_the_same_in_every_order(trial: Trial) -> list[Fault]:
    """HDF5 forgets the order of nodes, and importers schedule by it."""
    names, how = sorted(trial.graph.nodes), replace(trial.how, order="nirtorch")
    return _compared(
        trial,
        {
            "nodes in alphabetical order": (_ordered(trial.graph, names), how),
            "nodes in reversed order": (_ordered(trial.graph, names[::-1]), how),
        },
    )


def survives_a_round_trip(trial: Trial) -> list[Fault]:
    """Written and read back, it fires the same spikes."""
    if has_names_that_hdf5_keeps(trial.graph, trial.dt):
        return []  # said there
    try:
        again = round_trip(trial.graph)
    except SubspikeError as error:
        return [("", str(error))]
    return _compared(trial, {"read back": (again, trial.how)})


def _compared(trial: Trial, others: dict[str, tuple[nir.NIRGraph, Semantics]]) -> list[Fault]:
    """Every other reading that does not give what the graph means."""
    found = []
    for name, (graph, how) in others.items():
        try:
            share = trial.differing(how, graph)
        except SubspikeError as error:
            found.append(("", f"{name}: {error}"))
            continue
        if share:
            found.append(("", f"{name}: {share:.1%} of the bins of a probe differ"))
    return found


def _ordered(graph: nir.NIRGraph, names: list[str]) -> nir.NIRGraph:
    nodes = {name: graph.nodes[name] for name in names}
    return nir.NIRGraph(nodes, list(graph.edges), metadata=graph.metadata, type_check=False)


# without these nobody runs a graph
STRUCTURE: tuple[Rule, ...] = (
    Rule(has_nodes_that_are_understood, ERROR, f"use {', '.join(UNDERSTOOD)}"),
    Rule(has_one_input_and_one_output, ERROR, "keep exactly one of each"),
    Rule(has_edges_between_nodes, ERROR, "remove the edge, or mend its names"),
    Rule(has_finite_numbers, ERROR, "write finite real numbers"),
    Rule(has_positive_time_constants, ERROR, "write positive seconds"),
    Rule(has_arrays_that_fit, ERROR, "write one number, or one for every entry"),
    Rule(has_edges_that_fit, ERROR, "make both ends as wide"),
)
# likewise, told dt as well
MEANING: tuple[Rule, ...] = (
    Rule(
        has_time_constants_of_at_least_a_step,
        WARNING,
        "use dt at least, or name the step or the unit of this file",
    ),
    Rule(has_time_constants_that_end, WARNING, "name the step or the unit of this file"),
    Rule(has_thresholds_above_reset, ERROR, "lower v_reset"),
    Rule(has_every_node_between_input_and_output, WARNING, "connect or remove it"),
    Rule(has_state_in_every_loop, ERROR, "put a Delay of at least a step into the loop"),
    Rule(has_names_that_hdf5_keeps, ERROR, "use letters, digits and _"),
    Rule(has_plain_names, WARNING, "use letters, digits and _"),
)
# of a graph that was tried
BEHAVIOUR: tuple[Rule, ...] = (
    Rule(has_neurons_that_fire, WARNING, "lower its threshold, or look at what feeds it"),
    Rule(
        has_thresholds_off_ties,
        WARNING,
        "move thresholds between the values that a potential can take",
    ),
    Rule(
        means_the_same_in_every_order,
        WARNING,
        "close every loop over one edge, into a node that another one feeds as well",
    ),
    Rule(survives_a_round_trip, ERROR, "rename or reorder nodes"),
)
