"""Compilers that read NIR: what each refuses. What they make of the rest cannot be run here.

Rules as in `refusals`, asked of the graph without inner ones; each was read in the release that
is named and tried on it (tests/converter/test_compilers.py).
"""

from __future__ import annotations

from collections import Counter

import nir
import numpy as np

from .nir_flat import pairs
from .nir_steps import SYNAPSES
from .refusals import Rule, close, is_read_by_nir, listed, only, uniform, wants, zero
from .schedule import loops, reached

_NEURONS = (nir.CubaLI, nir.CubaLIF, nir.I, nir.IF, nir.LI, nir.LIF)
_LEAKY = (nir.CubaLI, nir.CubaLIF, nir.LI, nir.LIF)
_START, _END = "input", "output"


def has_ends_of_these_names(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """The walk goes from the one name to the other."""
    missing = [name for name in (_START, _END) if name not in graph.nodes]
    return [f"it wants a node named {' and one named '.join(missing)}"] if missing else []


def has_no_loop_but_of_one_neuron_and_its_synapse(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """The synapse then reads the spikes of the step before."""
    rest, _ = _unrolled(graph)
    caught = loops(rest)
    return [f"a loop that is not of one neuron and its synapse: {listed(caught)}"] if caught else []


def is_a_chain_but_for_these_loops(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """One edge out of each node; several edges in where synapses feed a neuron."""
    rest, looped = _unrolled(graph)
    if loops(rest):
        return []  # said above
    found, out = reached([_START], pairs(graph)), Counter(a for a, _ in rest)
    into = {name: [a for a, b in rest if b == name and a in found] for name in found}
    joined = [
        name
        for name, feeds in into.items()
        if len(feeds) > 1
        and not (
            type(graph.nodes[name]) in _NEURONS
            and all(type(graph.nodes[a]) in SYNAPSES for a in feeds)
        )
    ]
    faults = {
        "leads to several nodes": [n for n in found if n != _END and out[n] > 1],
        "leads nowhere": [n for n in found if n != _END and not out[n]],
        "is fed by several nodes, and is no neuron behind synapses": joined,
        "is fed from its loop and from elsewhere": [n for n in looped if into.get(n)],
    }
    return [f"{listed(names)} {what}" for what, names in faults.items() if names]


def _unrolled(graph: nir.NIRGraph) -> tuple[list[tuple[str, str]], list[str]]:
    """Edges without those from a neuron to its own synapse, and these synapses."""
    edges = pairs(graph)
    own = {
        (a, b)
        for a, b in edges
        if type(graph.nodes[a]) in _NEURONS and type(graph.nodes[b]) in SYNAPSES and (b, a) in edges
    }
    return [edge for edge in edges if edge not in own], sorted(b for _, b in own)


def _step(node: nir.NIRNode) -> float:
    """What is taken for the step: tau/r of the first neuron."""
    tau = node.tau_mem if isinstance(node, (nir.CubaLI, nir.CubaLIF)) else node.tau
    return float(np.ravel(tau)[0] / np.ravel(node.r)[0])


def habits(graph: nir.NIRGraph, dt: float) -> list[str]:
    """What is known of a graph that it takes."""
    found = ["its own checker takes it; what it makes was not run: snn-opt is in no registry"]
    other = [
        name
        for name, node in graph.nodes.items()
        if type(node) in _LEAKY and not close(_step(node), dt)
    ]
    if other:
        found.append(f"it takes tau/r for the step, which is not {dt:g} s in {listed(other)}")
    return found


# asked in this order
COMPILERS: dict[str, tuple[Rule, ...]] = {
    # snn-mlir 1.0.0, _check.py and nodes/
    "snn_mlir": (
        is_read_by_nir,
        has_ends_of_these_names,
        only(nir.Affine, nir.Linear, *_NEURONS),
        *uniform(nir.CubaLIF, "tau_syn", "tau_mem", "v_threshold"),
        *uniform(nir.CubaLI, "tau_syn", "tau_mem"),
        *uniform(nir.LIF, "tau", "r", "v_threshold"),
        *uniform(nir.LI, "tau", "r"),
        *uniform(nir.IF, "v_threshold"),
        *(wants(kind, "v_leak = 0", zero("v_leak")) for kind in _LEAKY),
        *(wants(k, "v_reset = 0", zero("v_reset")) for k in (nir.CubaLIF, nir.IF, nir.LIF)),
        *(wants(k, "r = 1", lambda n, _: close(n.r, 1.0)) for k in (nir.I, nir.IF)),
        *(
            wants(k, "w_in tau_mem/r = tau_syn", lambda n, _: close(n.w_in * _step(n), n.tau_syn))
            for k in (nir.CubaLI, nir.CubaLIF)
        ),
        has_no_loop_but_of_one_neuron_and_its_synapse,
        is_a_chain_but_for_these_loops,
    ),
}
