"""nengo 4.1 (GPL), mapped by us: nengo has no importer of NIR.

A CubaLIF becomes LIF neurons behind Lowpass synapses, an LIF such neurons alone, an LI Lowpass
synapses, an Affine or Linear a relay with a transform. nengo integrates exactly, and what goes
through a synapse arrives one step later; a loop without a synapse is nengo's own BuildError.
"""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Spikes = dict[str, Array]
_NEURONS, _SYNAPSES = (nir.CubaLIF, nir.LIF), (nir.Affine, nir.Linear)


def run(graph: nir.NIRGraph, x: Array, dt: float) -> tuple[Spikes, Array]:
    """ValueError naming what this mapping cannot say in nengo's objects."""
    import nengo

    _require_sayable(graph)
    sample = [x[0]]
    takes: dict[str, Any] = {}
    says: dict[str, Any] = {}
    with nengo.Network(seed=0) as network:
        for name, node in graph.nodes.items():
            if type(node) is nir.Input:
                says[name] = nengo.Node(lambda t: sample[0][round(t / dt) - 1])
            elif type(node) is nir.Output:
                takes[name] = nengo.Node(size_in=int(np.prod(node.output_type["output"])))
            else:
                takes[name], says[name] = _objects(nengo, node, dt)
        for start, end in graph.edges:
            nengo.Connection(says[start], takes[end], synapse=None)
        watched = {n: says[n] for n, node in graph.nodes.items() if type(node) in _NEURONS}
        sinks = {n: takes[n] for n, node in graph.nodes.items() if type(node) is nir.Output}
        probes = {name: nengo.Probe(each) for name, each in (watched | sinks).items()}
    kept: dict[str, list[Array]] = {name: [] for name in probes}
    with nengo.Simulator(network, dt=dt, progress_bar=False) as simulator:
        for each in x:
            sample[0] = each
            simulator.reset()
            simulator.run_steps(x.shape[1], progress_bar=False)
            for name, probe in probes.items():
                kept[name].append(np.array(simulator.data[probe]))
    rasters = {name: np.stack(each) for name, each in kept.items()}
    return {name: rasters[name] for name in watched}, rasters[next(iter(sinks))]


def _require_sayable(graph: nir.NIRGraph) -> None:
    known = (*_NEURONS, *_SYNAPSES, nir.Input, nir.LI, nir.Output)
    faults = [
        f"{name}: no object for {type(node).__name__}"
        for name, node in graph.nodes.items()
        if type(node) not in known
    ]
    faults += [
        f"{name}: {field} is not 0"
        for name, node in graph.nodes.items()
        for field in ("v_leak", "v_reset")
        if np.any(getattr(node, field, 0.0))
    ]
    if faults:
        raise ValueError("; ".join(faults))


def _objects(nengo: Any, node: Any, dt: float) -> tuple[Any, Any]:
    """A relay that takes a node's input, and one that says its value."""
    if type(node) in _SYNAPSES:
        rows, columns = node.weight.shape
        into, out = nengo.Node(size_in=columns), nengo.Node(size_in=rows)
        nengo.Connection(into, out, transform=node.weight, synapse=None)
        if type(node) is nir.Affine:
            nengo.Connection(nengo.Node(node.bias), out, synapse=None)
        return into, out
    into, out = nengo.Node(size_in=len(node.r)), nengo.Node(size_in=len(node.r))
    slow = node.tau_syn if type(node) is nir.CubaLIF else node.tau
    if type(node) is nir.LI:
        for tau in np.unique(slow):
            at = np.flatnonzero(slow == tau)
            synapse = nengo.Lowpass(tau)
            nengo.Connection(into[at], out[at], transform=np.diag(node.r[at]), synapse=synapse)
        return into, out
    fast = node.tau_mem if type(node) is nir.CubaLIF else node.tau
    for leak, lag in sorted(set(zip(fast, slow, strict=True))):
        at = np.flatnonzero((fast == leak) & (slow == lag))
        current = type(node) is nir.CubaLIF
        # nengo's threshold is 1, and its spikes are 1/dt high
        scale = (node.w_in[at] if current else 1.0) * node.r[at] / node.v_threshold[at]
        neurons = nengo.LIF(
            tau_rc=leak,
            tau_ref=0.0,
            min_voltage=-np.inf,
            amplitude=dt,
            initial_state={"voltage": nengo.dists.Choice([0])},
        )
        ones = np.ones(len(at))
        group = nengo.Ensemble(len(at), 1, gain=ones, bias=0.0 * ones, neuron_type=neurons)
        nengo.Connection(
            into[at],
            group.neurons,
            transform=np.diag(scale),
            synapse=nengo.Lowpass(lag) if current else None,
        )
        nengo.Connection(group.neurons, out[at], synapse=None)
    return into, out
