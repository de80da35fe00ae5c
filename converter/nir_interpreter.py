"""An interpreter of NIR graphs with explicit semantics.

A file is run without a simulator, and the drift of a simulator is known before it is installed.

`run_nir` reads a graph as `LITERAL` does unless it is given another `Semantics`: forward Euler,
spike where v > v_threshold, v := v_reset in the same step, every state starts at 0, edges carry
values within a step, and an edge that closes a loop (found depth first from the input) delays by
one.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, GraphError, NotFiniteError, ShapeError

from .nir_flat import flattened, pairs
from .nir_rules import require_readable
from .nir_steps import SPIKING, STEPS, SYNAPSES, State
from .nir_widths import fields, says
from .schedule import Edge, neighbours, schedule
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

    Graphs within the graph are resolved first (`flattened`).

    Raises what `require_readable` does, GraphError for an output that is not reached, a node
    that nothing feeds or that its input does not fit, and an order that its semantics never find,
    ShapeError for a wrong x, NotFiniteError where a state outgrows the numbers.
    """
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    graph = flattened(graph)
    source, sink = require_readable(graph)
    width = says(graph.nodes[source])
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 3 or x.shape[2] != width:
        raise ShapeError(f"x has shape {x.shape}; the graph expects (batch, time, {width})")
    edges = _as_read(graph, semantics)
    lags = _lags(graph, edges, semantics, dt)
    late = {
        edge for edge in lags if semantics.delay_cuts or type(graph.nodes[edge[0]]) is not nir.Delay
    }
    order, closing = schedule(graph.nodes, edges, source, late=late, order=semantics.order)
    if sink not in order:
        raise GraphError(f"the output node {sink!r} is not reached from the input {source!r}")
    lags |= {edge: lags.get(edge, 0) + np.ones(1, dtype=np.int64) for edge in closing}
    machine = _Machine({name: graph.nodes[name] for name in order}, edges, lags)
    answer = order[-1] if semantics.answers_last else sink
    with np.errstate(all="ignore"):
        return machine.run(x, source, answer, dt, semantics)


class _Machine:
    """A graph that is being run: nodes in the order in which they are evaluated, and wires.

    lags  steps by which edges are late, one number or one for every entry
    """

    def __init__(
        self, nodes: dict[str, nir.NIRNode], edges: list[Edge], lags: dict[Edge, Lag]
    ) -> None:
        self.nodes = {name: _in_doubles(node) for name, node in nodes.items()}
        self.lags = lags
        before = neighbours((b, a) for a, b in edges)
        self.feeds = {name: [a for a in before.get(name, []) if a in nodes] for name in nodes}
        self.spiking = [name for name, node in nodes.items() if type(node) in SPIKING]
        self.fan_out = {
            name: np.count_nonzero(node.weight, axis=0)
            for name, node in nodes.items()
            if type(node) in SYNAPSES and all(feed in self.spiking for feed in self.feeds[name])
        }
        self.widths: dict[str, int] = {}
        for name, node in nodes.items():
            heard = [self.widths[feed] for feed in self.feeds[name] if feed in self.widths]
            self.widths[name] = says(node) or max(heard, default=1)
        self.deepest = dict.fromkeys(nodes, 0)
        for (start, _), lag in lags.items():
            if start in nodes:
                self.deepest[start] = max(self.deepest[start], int(lag.max()))

    def run(self, x: Array, source: str, answer: str, dt: float, semantics: Semantics) -> NirRun:
        """Every node once a step, in their order."""
        states: dict[str, State] = {name: {} for name in self.nodes}
        past: dict[str, list[Array]] = {name: [] for name in self.nodes}
        outputs: list[Array] = []
        fired: dict[str, list[Array]] = {name: [] for name in self.spiking}
        synops = {name: np.zeros(len(x), dtype=np.int64) for name in self.fan_out}
        for t in range(x.shape[1]):
            now: dict[str, Array] = {source: x[:, t]}
            for name, node in self.nodes.items():
                if name == source:
                    continue
                try:
                    incoming = self._incoming(name, now, past)
                    if name in self.fan_out:
                        synops[name] += np.rint(incoming).astype(np.int64) @ self.fan_out[name]
                    now[name] = STEPS[type(node)](node, incoming, states[name], dt, semantics)
                except ValueError as error:
                    raise GraphError(f"{name} does not fit what it is fed: {error}") from error
            for name, value in now.items():
                if self.deepest[name]:
                    past[name] = [value, *past[name][: self.deepest[name] - 1]]
            for name in self.spiking:
                fired[name].append(now[name])
            outputs.append(now[answer])
        _require_finite(states)
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
            raise GraphError(f"{name} has nothing that feeds it")
        return total

    def _before(self, feed: str, past: list[Array], lag: Lag, now: Mapping[str, Array]) -> Array:
        """What `feed` said `lag` steps ago, one lag or one for every entry; silence before that."""
        batch = len(next(iter(now.values())))
        silence = np.zeros((batch, self.widths[feed]))
        if len(lag) == 1:
            return past[lag[0] - 1] if lag[0] <= len(past) else silence
        known = {int(each): past[each - 1] for each in np.unique(lag) if each <= len(past)}
        for each, value in known.items():
            silence[:, lag == each] = value[:, lag == each]
        return silence


def _in_doubles(node: nir.NIRNode) -> Any:
    made = copy.copy(node)
    for name, value in fields(node).items():
        setattr(made, name, np.asarray(value, dtype=np.float64))
    return made


def _require_finite(states: Mapping[str, State]) -> None:
    lost = [name for name, held in states.items() if not all(map(_is_finite, held.values()))]
    if lost:
        raise NotFiniteError(
            f"the state of {', '.join(lost)} outgrows the numbers; is a time constant shorter than "
            "dt, or of another unit?"
        )


def _is_finite(value: Array) -> bool:
    return bool(np.isfinite(value).all())


def _as_read(graph: nir.NIRGraph, semantics: Semantics) -> list[Edge]:
    """The edges as a simulator with these semantics wires them."""
    edges = pairs(graph)
    through = own_loops(graph, edges) if semantics.input_through_recurrence else {}
    return [(a, through[b]) if b in through and a != through[b] else (a, b) for a, b in edges]


def own_loops(graph: nir.NIRGraph, edges: list[Edge]) -> dict[str, str]:
    """Every neuron that has an Affine or Linear of its own in a loop, and that one."""
    known = set(edges)
    fan_out, fan_in = neighbours(edges), neighbours((b, a) for a, b in edges)
    return {
        neuron: synapse
        for neuron, synapse in edges
        if type(graph.nodes[neuron]) in SPIKING
        and type(graph.nodes[synapse]) in SYNAPSES
        and (synapse, neuron) in known
        and len(fan_in[synapse]) == len(fan_out[synapse]) == 1
    }


def _lags(
    graph: nir.NIRGraph, edges: list[Edge], semantics: Semantics, dt: float
) -> dict[Edge, Lag]:
    """Steps by which edges are late whatever the order: Delay nodes, kinds, the named edges."""
    lags: dict[Edge, Lag] = {}
    named = {(a, b): steps for a, b, steps in semantics.edge_delays}
    unknown = sorted(set(named) - set(edges))
    if unknown:
        raise ConfigError(f"edge_delays names edges that the graph does not have: {unknown}")
    for a, b in edges:
        kind = type(graph.nodes[b]).__name__
        lag = np.full(1, named.get((a, b), 0) + semantics.delays.get(kind, 0), dtype=np.int64)
        if type(graph.nodes[a]) is nir.Delay:
            lag = lag + _steps_of(a, graph.nodes[a], dt)
        if (lag > 0).any():
            if not (lag > 0).all():
                raise GraphError(f"{a}: some of its delays are shorter than a step of {dt}")
            lags[a, b] = lag
    return lags


def _steps_of(name: str, node: nir.Delay, dt: float) -> Lag:
    steps = np.rint(np.asarray(node.delay, dtype=np.float64).reshape(-1) / dt)
    if not ((steps >= 0) & (steps <= MOST_STEPS)).all():
        raise GraphError(f"{name}: its delays are not within 0 and {MOST_STEPS} steps of {dt} s")
    found: Lag = (np.unique(steps) if len(set(steps)) == 1 else steps).astype(np.int64)
    return found
