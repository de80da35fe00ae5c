"""An interpreter of NIR graphs with explicit semantics.

A file is run without a simulator, and the drift of a simulator is known before it is installed.

`run_nir` reads a graph as `LITERAL` does unless it is given another `Semantics`: forward Euler,
spike where v > v_threshold, v := v_reset in the same step, every state starts at 0, edges carry
values within a step, and an edge that closes a loop (found depth first from the input) delays by
one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, GraphError, NotFiniteError, ShapeError

from .nir_steps import LEAKS, SPIKING, STEPS, SYNAPSES, State, width_of
from .schedule import Edge, require_order, schedule
from .semantics import LITERAL, Semantics

Array = NDArray[np.float64]
Lag = NDArray[np.int64]
MOST_STEPS = 10_000


@dataclass(frozen=True)
class NirRun:
    """What a graph produced.

    output  (batch, time, outputs)
    spikes  every spiking node: (batch, time, neurons) bool; of a neuron that may fire several
            times a step, whether it did
    synops  every Affine or Linear node fed by spikes: synaptic events per sample (batch,),
            a spike counted once for every non-zero weight that it meets
    counts  {"node": (batch, time, neurons)} of the nodes that fired more than once a step
    """

    output: Array
    spikes: dict[str, NDArray[np.bool_]]
    synops: dict[str, NDArray[np.int64]]
    counts: dict[str, NDArray[np.int64]]


def run_nir(
    graph: nir.NIRGraph, x: NDArray[Any], *, dt: float, semantics: Semantics = LITERAL
) -> NirRun:
    """Run `graph` on x (batch, time, inputs), dt seconds per step, in float64.

    Raises what `require_readable` does, GraphError for an output that is not reached, a loop
    without input or a node that its input does not fit, ShapeError for a wrong x.
    """
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    source, sink = require_readable(graph)
    width = int(np.prod(next(iter(graph.nodes[source].output_type.values())), dtype=object))
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 3 or x.shape[2] != width:
        raise ShapeError(f"x has shape {x.shape}; the graph expects (batch, time, {width})")
    edges = _as_read(graph, semantics)
    lags = _lags(graph, edges, semantics, dt)
    late = {
        edge for edge in lags if semantics.delay_cuts or type(graph.nodes[edge[0]]) is not nir.Delay
    }
    order, closing = schedule(graph.nodes, edges, source, late=late, order=semantics.order)
    require_order(order, sink, source)
    lags |= {edge: lags.get(edge, 0) + np.ones(1, dtype=np.int64) for edge in closing}
    return _Machine(graph, edges, lags=lags, order=order, dt=dt, semantics=semantics).run(
        x, source, sink
    )


class _Machine:
    """A graph that is being run: what it is made of, and what it remembers."""

    def __init__(
        self,
        graph: nir.NIRGraph,
        edges: list[Edge],
        *,
        lags: dict[Edge, Lag],
        order: list[str],
        dt: float,
        semantics: Semantics,
    ) -> None:
        self.nodes, self.order, self.dt, self.semantics = graph.nodes, order, dt, semantics
        self.feeds = {name: [a for a, b in edges if b == name and a in order] for name in order}
        self.lags = lags
        kinds = {name: type(graph.nodes[name]) for name in order}
        self.spiking = [name for name in order if kinds[name] in SPIKING]
        self.fan_out = {
            name: np.count_nonzero(graph.nodes[name].weight, axis=0)
            for name in order
            if kinds[name] in SYNAPSES and all(feed in self.spiking for feed in self.feeds[name])
        }
        self.deepest = dict.fromkeys(order, 0)
        for (start, _), lag in lags.items():
            if start in self.deepest:
                self.deepest[start] = max(self.deepest[start], int(lag.max()))

    def run(self, x: Array, source: str, sink: str) -> NirRun:
        states: dict[str, State] = {name: {} for name in self.order}
        past: dict[str, list[Array]] = {name: [] for name in self.order}
        outputs: list[Array] = []
        fired: dict[str, list[Array]] = {name: [] for name in self.spiking}
        synops = {name: np.zeros(len(x), dtype=np.int64) for name in self.fan_out}
        for t in range(x.shape[1]):
            now: dict[str, Array] = {source: x[:, t]}
            for name in self.order:
                if name == source:
                    continue
                incoming = self._incoming(name, now, past)
                if name in self.fan_out:
                    synops[name] += np.rint(incoming).astype(np.int64) @ self.fan_out[name]
                now[name] = self._stepped(name, incoming, states[name])
            for name, value in now.items():
                if self.deepest[name]:
                    past[name] = [value, *past[name][: self.deepest[name] - 1]]
            for name in self.spiking:
                fired[name].append(now[name])
            outputs.append(now[sink])
        counts = {name: np.stack(each, 1) for name, each in fired.items() if each}
        return NirRun(
            output=np.stack(outputs, 1) if outputs else np.zeros((len(x), 0, 1)),
            spikes={name: count > 0 for name, count in counts.items()},
            synops=synops,
            counts={
                name: np.rint(count).astype(np.int64)
                for name, count in counts.items()
                if count.max(initial=0.0) > 1.0
            },
        )

    def _stepped(self, name: str, incoming: Array, state: State) -> Array:
        node = self.nodes[name]
        try:
            return STEPS[type(node)](node, incoming, state, self.dt, self.semantics)
        except ValueError as error:
            raise GraphError(f"node {name!r} does not fit what it is fed: {error}") from error

    def _incoming(
        self, name: str, now: Mapping[str, Array], past: Mapping[str, list[Array]]
    ) -> Array:
        """Sum of a node's inputs: this step's, and earlier ones over edges that are late."""
        total: Array | None = None
        for feed in self.feeds[name]:
            lag = self.lags.get((feed, name))
            part = now[feed] if lag is None else self._before(feed, past[feed], lag, now)
            total = part if total is None else total + part
        if total is None:
            raise GraphError(f"node {name!r} has nothing that feeds it")
        return total

    def _before(self, feed: str, past: list[Array], lag: Lag, now: Mapping[str, Array]) -> Array:
        """What `feed` said `lag` steps ago, one lag or one for every entry; silence before that."""
        batch = len(next(iter(now.values())))
        silence = np.zeros((batch, width_of(self.nodes[feed])))
        if len(lag) == 1:
            return past[lag[0] - 1] if lag[0] <= len(past) else silence
        known = {int(each): past[each - 1] for each in np.unique(lag) if each <= len(past)}
        for each, value in known.items():
            silence[:, lag == each] = value[:, lag == each]
        return silence


def _as_read(graph: nir.NIRGraph, semantics: Semantics) -> list[Edge]:
    """The edges as a simulator with these semantics wires them."""
    edges = [(a, b) for a, b in graph.edges]
    if not semantics.input_through_recurrence:
        return edges
    for neuron, synapse in edges:
        pair = type(graph.nodes[neuron]) in SPIKING and type(graph.nodes[synapse]) in SYNAPSES
        alone = [edge for edge in edges if synapse in edge]
        if pair and (synapse, neuron) in edges and len(alone) == 2:
            edges = [(a, synapse) if b == neuron and a != synapse else (a, b) for a, b in edges]
    return edges


def _lags(
    graph: nir.NIRGraph, edges: list[Edge], semantics: Semantics, dt: float
) -> dict[Edge, Lag]:
    """Steps by which edges are late whatever the order: Delay nodes, synapses, the named edges."""
    lags: dict[Edge, Lag] = {}
    named = {(a, b): steps for a, b, steps in semantics.edge_delays}
    unknown = sorted(set(named) - set(edges))
    if unknown:
        raise ConfigError(f"edge_delays names edges that the graph does not have: {unknown}")
    for a, b in edges:
        lag = np.full(1, named.get((a, b), 0), dtype=np.int64)
        if type(graph.nodes[b]) in SYNAPSES:
            lag = lag + semantics.synapse_delay
        if type(graph.nodes[b]) in LEAKS:
            lag = lag + semantics.leak_delay
        if type(graph.nodes[a]) is nir.Delay:
            lag = lag + _steps_of(a, graph.nodes[a], dt)
        if (lag > 0).any():
            if not (lag > 0).all():
                raise GraphError(f"node {a!r}: some of its delays are shorter than a step of {dt}")
            lags[a, b] = lag
    return lags


def _steps_of(name: str, node: nir.Delay, dt: float) -> Lag:
    steps = np.rint(np.asarray(node.delay).reshape(-1) / dt)
    if not ((steps >= 0) & (steps <= MOST_STEPS)).all():
        raise GraphError(f"node {name!r}: its delays are not within 0 and {MOST_STEPS} steps of dt")
    found: Lag = (np.unique(steps) if len(set(steps)) == 1 else steps).astype(np.int64)
    return found


def require_readable(graph: nir.NIRGraph) -> tuple[str, str]:
    """Names of the one input and the one output of a graph that `run_nir` can run.

    Raises GraphError naming every node that is not understood, for a graph without exactly one
    input and one output, edges to nowhere, arrays that are no numbers and time constants that
    are not positive; NotFiniteError naming the node and field that holds NaN or infinity.
    """
    foreign = [
        f"{name} ({type(node).__name__})"
        for name, node in graph.nodes.items()
        if type(node) not in STEPS and type(node) not in (nir.Input, nir.Output)
    ]
    if foreign:
        raise GraphError(
            f"{len(foreign)} nodes are not understood: {', '.join(sorted(foreign))}; "
            f"understood are {', '.join(sorted(kind.__name__ for kind in STEPS))}"
        )
    for name, node in graph.nodes.items():
        if type(node) in STEPS:
            _require_numbers(name, node)
    ends = []
    for kind in (nir.Input, nir.Output):
        names = [name for name, node in graph.nodes.items() if type(node) is kind]
        if len(names) != 1:
            raise GraphError(f"the graph has {len(names)} {kind.__name__} nodes; expected one")
        ends.append(names[0])
    unknown = {end for edge in graph.edges for end in edge} - set(graph.nodes)
    if unknown:
        raise GraphError(f"edges name nodes that do not exist: {sorted(unknown)}")
    return ends[0], ends[1]


def _require_numbers(name: str, node: nir.NIRNode) -> None:
    for field, value in vars(node).items():
        if field in ("input_type", "output_type", "metadata"):
            continue
        numbers = np.asarray(value)
        if numbers.dtype.kind not in "fiu":
            raise GraphError(f"node {name!r}: {field} is of {numbers.dtype}, not numbers")
        if not np.isfinite(numbers).all():
            raise NotFiniteError(f"node {name!r}: {field} holds NaN or infinity")
        if field.startswith("tau") and not (numbers > 0).all():
            raise GraphError(f"node {name!r}: {field} is not positive everywhere")
