"""A small interpreter of NIR graphs, so that a written file can be run without a simulator.

NIR 1.0 leaves semantics open; here they are one reading, stated: forward Euler, spike where
v > v_threshold, v := v_reset in the same step, every state starts at 0, edges carry values
within a step, and an edge that closes a loop (found depth first from the input) delays by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, GraphError, NotFiniteError, ShapeError

Array = NDArray[np.float64]
State = dict[str, Array]
Step = Callable[[Any, Array, State, float], Array]


@dataclass(frozen=True)
class NirRun:
    """What a graph produced.

    output  (batch, time, outputs)
    spikes  every spiking node: (batch, time, neurons) bool
    synops  every Affine or Linear node fed by spikes: synaptic events per sample (batch,),
            a spike counted once for every non-zero weight that it meets
    """

    output: Array
    spikes: dict[str, NDArray[np.bool_]]
    synops: dict[str, NDArray[np.int64]]


def run_nir(graph: nir.NIRGraph, x: NDArray[Any], *, dt: float) -> NirRun:
    """Run `graph` on x (batch, time, inputs), dt seconds per step, in float64.

    Raises what `require_readable` does, GraphError for an output that is not reached, a loop
    without input or a node that its input does not fit, ShapeError for a wrong x.
    """
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    source, sink = require_readable(graph)
    width = int(np.prod(next(iter(graph.nodes[source].output_type.values()))))
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 3 or x.shape[2] != width:
        raise ShapeError(f"x has shape {x.shape}; the graph expects (batch, time, {width})")
    order, delayed = schedule(graph.edges, source)
    if sink not in order:
        raise GraphError(f"the output node {sink!r} is not reached from the input {source!r}")
    feeds = {name: [a for a, b in graph.edges if b == name] for name in order}
    spiking = {name for name in order if type(graph.nodes[name]) in SPIKING}
    events = {
        name: np.count_nonzero(graph.nodes[name].weight, axis=0)
        for name in order
        if type(graph.nodes[name]) in (nir.Affine, nir.Linear)
        and all(feed in spiking for feed in feeds[name])
    }
    states: dict[str, State] = {name: {} for name in order}
    late: dict[str, Array] = {}
    outputs = []
    spikes: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in spiking}
    synops = {name: np.zeros(len(x), dtype=np.int64) for name in events}
    for t in range(x.shape[1]):
        now: dict[str, Array] = {source: x[:, t]}
        for name in order[1:]:
            incoming = _total(name, feeds[name], delayed, now, late)
            if incoming is None:
                raise GraphError(f"node {name!r} closes a loop before it has any input")
            if name in events:
                synops[name] += (incoming != 0).astype(np.int64) @ events[name]
            node = graph.nodes[name]
            try:
                now[name] = STEPS[type(node)](node, incoming, states[name], dt)
            except ValueError as error:
                raise GraphError(f"node {name!r} does not fit what it is fed: {error}") from error
            if name in spiking:
                spikes[name].append(now[name] > 0)
        late = now
        outputs.append(now[sink])
    empty = np.zeros((len(x), 0, 1))
    return NirRun(
        output=np.stack(outputs, 1) if outputs else empty,
        spikes={name: np.stack(each, 1) for name, each in spikes.items() if each},
        synops=synops,
    )


def _total(
    name: str,
    feeds: list[str],
    delayed: set[tuple[str, str]],
    now: dict[str, Array],
    late: dict[str, Array],
) -> Array | None:
    """Sum of a node's inputs: this step's, and last step's over edges that close a loop."""
    parts = [late.get(feed) if (feed, name) in delayed else now[feed] for feed in feeds]
    total: Array | None = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total


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


def schedule(edges: list[tuple[str, str]], source: str) -> tuple[list[str], set[tuple[str, str]]]:
    """An order in which every node follows its feeds, and the edges that must be delayed for it.

    Depth first from `source`, following edges in their written order; an edge back to a node
    that is still open closes a loop.
    """
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    done: list[str] = []
    open_nodes, finished = {source}, set()
    delayed = set()
    stack = [(source, iter(following.get(source, [])))]
    while stack:
        name, rest = stack[-1]
        child = next(rest, None)
        if child is None:
            stack.pop()
            open_nodes.discard(name)
            finished.add(name)
            done.append(name)
        elif child in open_nodes:
            delayed.add((name, child))
        elif child not in finished:
            open_nodes.add(child)
            stack.append((child, iter(following.get(child, []))))
    return done[::-1], delayed


def _affine(node: Any, x: Array, _state: State, _dt: float) -> Array:
    y: Array = x @ node.weight.T + node.bias
    return y


def _linear(node: Any, x: Array, _state: State, _dt: float) -> Array:
    y: Array = x @ node.weight.T
    return y


def _scale(node: Any, x: Array, _state: State, _dt: float) -> Array:
    y: Array = x * node.scale
    return y


def _threshold(node: Any, x: Array, _state: State, _dt: float) -> Array:
    spikes: Array = (x > node.threshold).astype(np.float64)
    return spikes


def _output(_node: Any, x: Array, _state: State, _dt: float) -> Array:
    return x


def _leak(node: Any, tau: Array, x: Array, state: State, dt: float) -> Array:
    """Tau v' = (v_leak - v) + r x, one Euler step of dt seconds."""
    v = state.get("v", np.zeros_like(x))
    state["v"] = v + dt / tau * ((node.v_leak - v) + node.r * x)
    return state["v"]


def _fire(node: Any, v: Array, state: State) -> Array:
    """S = [v > v_threshold]; v := v_reset where s."""
    fired = v > node.v_threshold
    state["v"] = np.where(fired, node.v_reset, v)
    spikes: Array = fired.astype(np.float64)
    return spikes


def _li(node: Any, x: Array, state: State, dt: float) -> Array:
    return _leak(node, node.tau, x, state, dt)


def _lif(node: Any, x: Array, state: State, dt: float) -> Array:
    return _fire(node, _leak(node, node.tau, x, state, dt), state)


def _cuba_lif(node: Any, x: Array, state: State, dt: float) -> Array:
    """tau_syn I' = -I + w_in x, then the leaky membrane on I.

    Euler: I := (1 - dt/tau_syn) I + (dt/tau_syn) w_in x, written as decay and gain so that
    w_in = tau_syn/dt gives the gain 1 to the last place.
    """
    rate = dt / node.tau_syn
    current = state.get("i", np.zeros_like(x))
    state["i"] = (1.0 - rate) * current + (rate * node.w_in) * x
    membrane = state.get("v", np.zeros_like(x))
    leak = dt / node.tau_mem
    v = (1.0 - leak) * membrane + leak * node.v_leak + (leak * node.r) * state["i"]
    return _fire(node, v, state)


STEPS: dict[type, Step] = {
    nir.Affine: _affine,
    nir.CubaLIF: _cuba_lif,
    nir.LI: _li,
    nir.LIF: _lif,
    nir.Linear: _linear,
    nir.Output: _output,
    nir.Scale: _scale,
    nir.Threshold: _threshold,
}
SPIKING = (nir.CubaLIF, nir.LIF, nir.Threshold)
