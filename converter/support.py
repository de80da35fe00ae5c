"""What each consumer would do with a graph, said before the consumer is installed.

supported  it gives the spikes that the graph means: NIR's equations, read literally
lossy      it runs and gives others; how many, and why, is known beforehand
refused    it raises, hangs, or runs without parts of the graph
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spiking.errors import SubspikeError

from .nir_graph import semantics_of
from .nir_interpreter import NirRun, require_readable, run_nir
from .semantics import PRESETS, Semantics

SUPPORTED, LOSSY, REFUSED = "supported", "lossy", "refused"
Rule = Callable[[nir.NIRGraph, float], list[str]]
_NEURONS = (nir.CubaLIF, nir.LIF, nir.IF, nir.LI, nir.CubaLI, nir.I)


@dataclass(frozen=True)
class Support:
    """What one consumer would do.

    reasons   why, unless it is supported
    share     of the spiking bins of a random probe that differ from the literal reading
    """

    consumer: str
    state: str
    reasons: tuple[str, ...]
    share: float


def support(graph: nir.NIRGraph, consumer: str, *, dt: float, seed: int = 0) -> Support:
    """The verdict for one of PRESETS: its rules, then its semantics on a random probe."""
    refusals = [reason for rule in REFUSALS[consumer] for reason in rule(graph, dt)]
    if refusals:
        return Support(consumer, REFUSED, tuple(refusals), 1.0)
    try:
        x = probe(graph, seed=seed)
        meant = run_nir(graph, x, dt=dt, semantics=semantics_of(graph))
        seen = run_nir(graph, x, dt=dt, semantics=PRESETS[consumer])
    except SubspikeError as error:
        return Support(consumer, REFUSED, (f"not foreseen, because {error}",), 1.0)
    share = differing(meant, seen)
    if share == 0.0:
        return Support(consumer, SUPPORTED, (), 0.0)
    return Support(consumer, LOSSY, tuple(_habits(graph, PRESETS[consumer], dt)), share)


def probe(
    graph: nir.NIRGraph, *, seed: int = 0, batch: int = 4, steps: int = 50
) -> NDArray[np.float64]:
    """Inputs in [-1, 1], half of them 0 or 1.  # (batch, steps, inputs)"""
    source, _ = require_readable(graph)
    width = int(np.prod(next(iter(graph.nodes[source].output_type.values())), dtype=object))
    rng = np.random.default_rng(seed)
    x: NDArray[np.float64] = np.rint(rng.uniform(-1.0, 1.0, (batch, steps, width)) * 256.0) / 256.0
    x[::2] = rng.random((len(x[::2]), steps, width)) < 0.5  # a fair coin
    return x


def differing(one: NirRun, other: NirRun) -> float:
    """Share of spiking bins that differ; of outputs, where nothing spikes."""
    pairs: list[tuple[NDArray[Any], NDArray[Any] | None]]
    pairs = [(one.spikes[name], other.spikes.get(name)) for name in one.spikes]
    pairs = pairs or [(one.output, other.output)]
    bins = sum(a.size for a, _ in pairs)
    wrong = sum(
        a.size if b is None or a.shape != b.shape else int((a != b).sum()) for a, b in pairs
    )
    if wrong == 0 and any((n > 1).any() for n in other.counts.values()):
        wrong = sum(int((n > 1).sum()) for n in other.counts.values())
    return wrong / max(1, bins)


def _habits(graph: nir.NIRGraph, how: Semantics, dt: float) -> list[str]:
    """The ways in which these semantics depart from the literal ones and which tell here."""
    x = probe(graph)
    own = semantics_of(graph)
    meant = run_nir(graph, x, dt=dt, semantics=own)
    found = []
    for name, usual in vars(own).items():
        if getattr(how, name) == usual:
            continue
        # the right reading with this one habit, and the habits that it makes no sense without
        words = {name: getattr(how, name)}
        words |= {"raw_input": True} if name == "threshold_scaled" else {}
        words |= {"threshold_scaled": how.threshold_scaled} if name == "raw_input" else {}
        if differing(meant, run_nir(graph, x, dt=dt, semantics=replace(own, **words))):
            found.append(_SAID.get(name, name).format(getattr(how, name)))
    return list(dict.fromkeys(found)) or ["its habits tell only together"]


_SAID = {
    "integration": "it integrates exponentially",
    "raw_input": "it does not scale inputs by dt/tau, r and w_in",
    "threshold_scaled": "it divides the threshold by the smallest scale of the node's inputs",
    "fires": "it fires from the potential before the step",
    "fires_at": "it fires where the potential equals the threshold",
    "reset": "it resets by subtraction",
    "most_spikes": "its neurons fire several times in a step",
    "ignores": "it ignores {}",
    "tau_in_steps": "it reads time constants as steps",
    "starts_at_leak": "its potentials start at v_leak",
    "current_leaks": "its synaptic currents leak to v_leak",
    "order": "it evaluates nodes in another order, which delays other edges",
    "delay_cuts": "it cuts a loop once more where a Delay is in it",
    "synapse_delay": "every synapse takes a step",
    "leak_delay": "what enters a current or an LI takes a step",
    "input_through_recurrence": "it sends inputs through the recurrent weights",
}


def _only(*kinds: type) -> Rule:
    """It understands these nodes only."""

    def rule(graph: nir.NIRGraph, _dt: float) -> list[str]:
        foreign = {
            type(node).__name__
            for node in graph.nodes.values()
            if type(node) not in (*kinds, nir.Input, nir.Output)
        }
        return [f"it does not understand {', '.join(sorted(foreign))}"] if foreign else []

    return rule


def _wants(kind: type, said: str, holds: Callable[[nir.NIRNode, float], bool]) -> Rule:
    """Every node of this kind must satisfy `holds`."""

    def rule(graph: nir.NIRGraph, dt: float) -> list[str]:
        wrong = sorted(n for n, v in graph.nodes.items() if type(v) is kind and not holds(v, dt))
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        where = ", ".join(wrong[:3]) + more
        return [f"it wants {said} in every {kind.__name__}; not so in {where}"] if wrong else []

    return rule


def _same(field: str) -> Callable[[nir.NIRNode, float], bool]:
    return lambda node, _dt: len(np.unique(getattr(node, field))) == 1


def _is_chain(graph: nir.NIRGraph, _dt: float) -> list[str]:
    """Every node has one edge out and one in."""
    heads, tails = [a for a, _ in graph.edges], [b for _, b in graph.edges]
    if len(set(heads)) < len(heads) or len(set(tails)) < len(tails):
        return ["it follows the first edge of each node: loops hang it, branches are left out"]
    return []


def _steps_by_its_own(graph: nir.NIRGraph, dt: float) -> list[str]:
    """The step of 1e-4 s is built into snnTorch."""
    timed = [name for name, node in graph.nodes.items() if isinstance(node, _NEURONS)]
    return ["it steps by 1e-4 s whatever the file was made for"] if timed and dt != 1e-4 else []


def _close(one: object, other: object) -> bool:
    return bool(
        np.allclose(np.asarray(one, float), np.asarray(other, float), rtol=1e-6, atol=1e-12)
    )


def _uniform(kind: type, *fields: str) -> list[Rule]:
    return [_wants(kind, f"one {field}", _same(field)) for field in fields]


_silent_rest = [
    _wants(kind, f"{field} = 0", lambda n, _, field=field: _close(getattr(n, field, 0.0), 0.0))
    for kind, field in (
        (nir.CubaLIF, "v_leak"),
        (nir.CubaLIF, "v_reset"),
        (nir.LI, "v_leak"),
        (nir.LIF, "v_leak"),
        (nir.LIF, "v_reset"),
    )
]
REFUSALS: dict[str, tuple[Rule, ...]] = {
    "snntorch": (
        _only(nir.Affine, nir.CubaLIF, nir.LIF, nir.Linear),
        _steps_by_its_own,
        _wants(nir.LIF, "v_leak = 0", lambda n, _: _close(n.v_leak, 0.0)),
        _wants(nir.CubaLIF, "v_leak = 0", lambda n, _: _close(n.v_leak, 0.0)),
        _wants(nir.CubaLIF, "r = tau_mem/dt", lambda n, dt: _close(n.r, n.tau_mem / dt)),
        _wants(nir.LIF, "one threshold", _same("v_threshold")),
        _wants(
            nir.CubaLIF,
            "one threshold over w_in dt/tau_syn",
            lambda n, dt: _close(v := n.v_threshold / (n.w_in * dt / n.tau_syn), v[0]),
        ),
    ),
    "norse": (_only(nir.Affine, nir.CubaLIF, nir.LIF, nir.Linear),),
    "spikingjelly": (
        _only(nir.Affine, nir.CubaLIF, nir.LIF, nir.Linear),
        *(
            _wants(nir.CubaLIF, f"one {field}", _same(field))
            for field in ("tau_syn", "tau_mem", "r", "w_in", "v_leak", "v_threshold", "v_reset")
        ),
        *(
            _wants(nir.LIF, f"one {field}", _same(field))
            for field in ("tau", "r", "v_leak", "v_threshold", "v_reset")
        ),
        _wants(nir.CubaLIF, "r = tau_mem/dt", lambda n, dt: _close(n.r, n.tau_mem / dt)),
        _wants(nir.CubaLIF, "w_in = tau_syn/dt", lambda n, dt: _close(n.w_in, n.tau_syn / dt)),
        _wants(nir.CubaLIF, "v_leak = 0", lambda n, _: _close(n.v_leak, 0.0)),
        _wants(
            nir.CubaLIF,
            "tau_syn and tau_mem of at least dt",
            lambda n, dt: bool(min(n.tau_syn.min(), n.tau_mem.min()) >= dt),
        ),
        _wants(nir.LIF, "tau > dt", lambda n, dt: bool(n.tau.min() > dt)),
        _wants(nir.LIF, "v_leak = v_reset", lambda n, _: _close(n.v_leak, n.v_reset)),
        _wants(
            nir.LIF,
            "r = 1 or r = tau/dt",
            lambda n, dt: _close(n.r, 1.0) or _close(n.r, n.tau / dt),
        ),
    ),
    "sc_neurocore": (),
    "sinabs": (
        _only(nir.Affine, nir.LI, nir.LIF),
        _wants(nir.LIF, "v_leak = 0", lambda n, _: _close(n.v_leak, 0.0)),
        _wants(nir.LI, "v_leak = 0 and r = 1", lambda n, _: _close(n.v_leak, 0) and _close(n.r, 1)),
    ),
    "spyx": (_only(nir.Affine, nir.CubaLIF, nir.LIF, nir.Linear), _is_chain),
    "lava": (
        _only(nir.Affine, nir.CubaLIF, nir.LIF, nir.Linear),
        *_uniform(nir.CubaLIF, "tau_syn", "tau_mem", "v_threshold"),
        *_uniform(nir.LIF, "tau", "v_threshold"),
        *_silent_rest,
    ),
    "nengo": (_only(nir.Affine, nir.CubaLIF, nir.LI, nir.LIF, nir.Linear), *_silent_rest),
}
