"""What each consumer refuses, hangs on, or leaves out.

Every rule returns its reasons, none where the graph is fine. Each was read in, and tried on, the
release that `presets.py` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import nir
import numpy as np
from numpy.typing import NDArray

from spiking.errors import GraphError

from .nir_flat import Edges, nested, pairs
from .nir_interpreter import own_loops
from .nir_rules import has_shapes_that_nir_accepts
from .nir_widths import numbers
from .schedule import Order, loops, neighbours, put_back, schedule

Rule = Callable[[nir.NIRGraph, float], list[str]]
Holds = Callable[[nir.NIRNode, float], bool]
_ENDS = (nir.Input, nir.Output)
_SYNAPSES = (nir.Affine, nir.Linear)
_SNNTORCH_DT = 1e-4


def only(*kinds: type) -> Rule:
    """It understands these nodes only."""

    def rule(graph: nir.NIRGraph, _dt: float) -> list[str]:
        found = {type(n).__name__ for n in graph.nodes.values() if type(n) not in (*kinds, *_ENDS)}
        return [f"it does not understand {', '.join(sorted(found))}"] if found else []

    return rule


def wants(kind: type, said: str, holds: Holds) -> Rule:
    """Every node of this kind must satisfy `holds`."""

    def rule(graph: nir.NIRGraph, dt: float) -> list[str]:
        wrong = [n for n, node in graph.nodes.items() if type(node) is kind and not holds(node, dt)]
        return (
            [f"it wants {said} in every {kind.__name__}; not so in {listed(wrong)}"]
            if wrong
            else []
        )

    return rule


def listed(names: Iterable[str]) -> str:
    """The first three, and how many more."""
    ordered = sorted(names)
    return ", ".join(ordered[:3]) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")


def _one(field: str) -> Holds:
    return lambda node, _dt: len(np.unique(numbers(getattr(node, field)))) == 1


def zero(field: str) -> Holds:
    """The field is 0 in every neuron."""
    return lambda node, _dt: close(getattr(node, field), 0.0)


def close(one: object, other: object) -> bool:
    """As the importers ask: numpy's allclose with room for float32 only."""
    return bool(
        np.allclose(np.asarray(one, float), np.asarray(other, float), rtol=1e-6, atol=1e-12)
    )


def uniform(kind: type, *fields: str) -> list[Rule]:
    """All neurons of a node share each of these fields."""
    return [wants(kind, f"one {field}", _one(field)) for field in fields]


def has_one_feed_of_its_output(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """Several feeds of the output are handed on as so many results by nirtorch 2.6."""
    heads = [b for _, b in pairs(graph) if type(graph.nodes[b]) is nir.Output]
    return ["nirtorch does not add up what feeds the output"] if len(heads) > 1 else []


def is_a_chain(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """Every node has one edge out and one in."""
    fan_out, fan_in = neighbours(pairs(graph)), neighbours((b, a) for a, b in pairs(graph))
    if any(len(ends) > 1 for ends in (*fan_out.values(), *fan_in.values())):
        return ["it follows the first edge of each node: loops hang it, branches are left out"]
    return []


def starts_at_input(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """The walk of spyx starts at this name; without it, the model is empty."""
    return [] if _source(graph) == "input" else ["it runs nothing unless the input is named input"]


def has_loops_through_a_filter(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """What nengo evaluates within a step has no loop; its filters end the step."""
    filters = (nir.CubaLI, nir.CubaLIF, nir.LI)
    prompt = [(a, b) for a, b in pairs(graph) if type(graph.nodes[b]) not in filters]
    caught = loops(prompt)
    return [f"a loop without a filter: {listed(caught)}"] if caught else []


def has_a_synapse_before_every_neuron(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """The scale of a neuron's input has its place there."""
    neurons = (nir.CubaLIF, nir.LIF)
    bare = [
        b
        for a, b in pairs(graph)
        if type(graph.nodes[b]) in neurons and type(graph.nodes[a]) not in _SYNAPSES
    ]
    return [f"{listed(bare)} is fed without an Affine or Linear"] if bare else []


def has_batches_from_the_first_step(order: Order, only: tuple[type, ...] = ()) -> Rule:
    """What is fed by last step's values alone is fed one number at first, whatever its width."""

    def rule(graph: nir.NIRGraph, _dt: float) -> list[str]:
        edges = pairs(graph)
        try:
            _, late = schedule(sorted(graph.nodes), edges, _source(graph), order=order)
        except GraphError:
            return []  # said by the run
        prompt = {b for a, b in edges if (a, b) not in late}
        starved = {
            b for _, b in late if b not in prompt and (not only or type(graph.nodes[b]) in only)
        }
        if not starved:
            return []
        return [f"in its order {listed(starved)} starts without a batch"]

    return rule


def has_pairs_after_what_feeds_them(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """A neuron and its Affine are put last as a graph of their own, which nirtorch builds once."""
    edges = pairs(graph)
    found = own_loops(graph, edges)
    gone = set(found.values())
    names = [name for name in sorted(graph.nodes) if name not in gone and name not in found]
    names += [neuron for neuron in found if neuron not in gone]
    joined = [(a, b) for a, b in edges if a not in gone and b not in gone]
    return _built_twice(names, graph, joined, found)


def is_read_by_nir(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """Everybody reads files by nir.read, which checks shapes."""
    found = [f"{where} {what}" for where, what in has_shapes_that_nir_accepts(graph)]
    return [f"nir.read refuses it: {listed(found)}"] if found else []


def has_one_start(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """To what nothing feeds, nir.read adds an Input; nirtorch takes any one of several."""
    fed = {b for _, b in pairs(graph)}
    loose = [n for n, node in graph.nodes.items() if n not in fed and type(node) is not nir.Input]
    return [f"nir.read gives {listed(loose)} an Input of its own"] if loose else []


def has_one_end(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """To what leads nowhere, nir.read adds an Output; nir_to_torch then never ends."""
    feeding = {a for a, _ in pairs(graph)}
    loose = [
        n for n, node in graph.nodes.items() if n not in feeding and type(node) is not nir.Output
    ]
    return [f"nir.read gives {listed(loose)} an Output of its own"] if loose else []


def has_no_inner_graph(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """Flat graphs only."""
    found = nested(graph)
    return [f"it does not run graphs within a graph ({listed(found)})"] if found else []


def has_inner_graphs_after_what_feeds_them(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """They are built once by nirtorch."""
    return _built_twice(sorted(graph.nodes), graph, pairs(graph), nested(graph))


def _built_twice(
    names: list[str], graph: nir.NIRGraph, edges: Edges, wanted: Iterable[str]
) -> list[str]:
    """A graph within the graph that has to wait for what feeds it breaks nirtorch."""
    try:
        early = put_back(names, edges, _source(graph)) & set(wanted)
    except GraphError:
        return []  # said by the run
    return [f"it builds {listed(early)} twice, because its feed sorts later"] if early else []


def _source(graph: nir.NIRGraph) -> str:
    names = [name for name, node in graph.nodes.items() if type(node) is nir.Input]
    return str(names[0])


def steps_by_its_own(_graph: nir.NIRGraph, dt: float) -> list[str]:
    """The step of 1e-4 s is built into snnTorch."""
    return [] if dt == _SNNTORCH_DT else [f"it steps by 1e-4 s, this graph by {dt:g} s"]


def _snntorch_threshold(node: nir.CubaLIF, dt: float) -> NDArray[np.float64]:
    """What snnTorch compares a potential with: divided by the input's scale, unless that is 1."""
    scale = np.asarray(node.w_in * (dt / node.tau_syn), float)
    return np.asarray(node.v_threshold, float) / (1.0 if np.allclose(scale, 1.0) else scale)


# what they make of graphs within a graph, asked of the graph as it is in the file
INNER: dict[str, Rule] = {
    "lava": has_no_inner_graph,
    "nengo": has_no_inner_graph,
    "snntorch": has_no_inner_graph,
    "spikingjelly": has_inner_graphs_after_what_feeds_them,
    "spyx": has_no_inner_graph,
}
# asked of the graph without inner ones
REFUSALS: dict[str, tuple[Rule, ...]] = {
    "lava": (
        is_read_by_nir,
        has_one_start,
        has_one_end,
        only(nir.Affine, nir.CubaLIF, nir.LIF, nir.Linear),
        has_a_synapse_before_every_neuron,
        *uniform(nir.CubaLIF, "tau_syn", "tau_mem", "v_threshold"),
        *uniform(nir.LIF, "tau", "v_threshold"),
        *(
            wants(kind, f"{field} = 0", zero(field))
            for kind in (nir.CubaLIF, nir.LIF)
            for field in ("v_leak", "v_reset")
        ),
    ),
    "nengo": (
        is_read_by_nir,
        has_one_start,
        has_one_end,
        only(nir.Affine, nir.CubaLIF, nir.LI, nir.LIF, nir.Linear),
        *(
            wants(kind, f"{field} = 0", zero(field))
            for kind in (nir.CubaLIF, nir.LIF)
            for field in ("v_leak", "v_reset")
        ),
        wants(nir.LI, "v_leak = 0", zero("v_leak")),
        has_loops_through_a_filter,
    ),
    "norse": (
        is_read_by_nir,
        has_one_start,
        only(nir.Affine, nir.CubaLIF, nir.IF, nir.LIF, nir.Linear),
    ),
    "sc_neurocore": (
        is_read_by_nir,
        has_one_start,
        has_one_end,
        has_batches_from_the_first_step("depth first from each", only=_SYNAPSES),
    ),
    "sinabs": (
        is_read_by_nir,
        has_one_start,
        only(nir.Affine, nir.IF, nir.LI, nir.LIF),
        # it needs nir 1.0.4, whose files cannot say it
        wants(nir.IF, "v_reset = 0", zero("v_reset")),
        wants(nir.LIF, "v_reset = 0", zero("v_reset")),
        *(
            wants(kind, "v_threshold > 0", lambda node, _: bool(np.min(node.v_threshold) > 0))
            for kind in (nir.IF, nir.LIF)
        ),
        wants(nir.LIF, "v_leak = 0", zero("v_leak")),
        wants(nir.LI, "v_leak = 0", zero("v_leak")),
        wants(nir.LI, "r = 1", lambda node, _: close(node.r, 1.0)),
    ),
    "snntorch": (
        is_read_by_nir,
        has_one_start,
        has_one_end,
        has_one_feed_of_its_output,
        only(nir.Affine, nir.CubaLIF, nir.LIF, nir.Linear),  # of an IF it makes a pair of results
        steps_by_its_own,
        has_batches_from_the_first_step("nirtorch"),
        has_pairs_after_what_feeds_them,
        wants(nir.LIF, "v_leak = 0", zero("v_leak")),
        *uniform(nir.LIF, "v_threshold"),
        wants(nir.CubaLIF, "v_leak = 0", zero("v_leak")),
        wants(nir.CubaLIF, "r = tau_mem/dt", lambda n, dt: close(n.r, n.tau_mem / dt)),
        wants(
            nir.CubaLIF,
            "one threshold over w_in dt/tau_syn",
            lambda n, dt: len(np.unique(_snntorch_threshold(n, dt))) == 1,
        ),
    ),
    "spikingjelly": (
        is_read_by_nir,
        has_one_start,
        has_one_end,
        has_one_feed_of_its_output,
        has_batches_from_the_first_step("nirtorch"),
        only(nir.Affine, nir.CubaLIF, nir.IF, nir.LIF, nir.Linear),
        *uniform(
            nir.CubaLIF, "tau_syn", "tau_mem", "r", "w_in", "v_leak", "v_threshold", "v_reset"
        ),
        *uniform(nir.LIF, "tau", "r", "v_leak", "v_threshold", "v_reset"),
        *uniform(nir.IF, "r", "v_threshold", "v_reset"),
        wants(nir.IF, "r = 1/dt", lambda n, dt: close(n.r, 1.0 / dt)),
        wants(nir.CubaLIF, "r = tau_mem/dt", lambda n, dt: close(n.r, n.tau_mem / dt)),
        wants(nir.CubaLIF, "w_in = tau_syn/dt", lambda n, dt: close(n.w_in, n.tau_syn / dt)),
        wants(nir.CubaLIF, "v_leak = 0", zero("v_leak")),
        wants(
            nir.CubaLIF,
            "tau_syn and tau_mem of at least dt",
            lambda n, dt: bool(min(np.min(n.tau_syn), np.min(n.tau_mem)) >= dt),
        ),
        wants(nir.LIF, "tau > dt", lambda n, dt: bool(np.min(n.tau) / dt > 1.0)),
        wants(nir.LIF, "v_leak = v_reset", lambda n, _: close(n.v_leak, n.v_reset)),
        wants(
            nir.LIF,
            "r = 1 or r = tau/dt",
            lambda n, dt: close(n.r, 1.0) or close(n.r, n.tau / dt),
        ),
    ),
    "spyx": (
        is_read_by_nir,
        starts_at_input,
        only(nir.Affine, nir.CubaLIF, nir.IF, nir.LIF, nir.Linear),
        is_a_chain,
    ),
}
