"""What each consumer would do with a graph, said before the consumer is installed.

supported  it gives the spikes that the graph means: NIR's equations, read literally
lossy      it runs and gives others; how many, and why, is known beforehand
refused    it raises, hangs, or runs without parts of the graph
taken      a compiler's own checker takes it; nobody here has run what it makes
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import nir

from spiking.errors import ConfigError, SubspikeError

from .compilers import COMPILERS, habits
from .presets import PRESETS
from .refusals import INNER, REFUSALS, has_no_inner_graph
from .semantics import Semantics
from .trial import Trial, tried

SUPPORTED, LOSSY, REFUSED, TAKEN = "supported", "lossy", "refused", "taken"


@dataclass(frozen=True)
class Support:
    """What one consumer would do.

    reasons   why, unless it is supported
    share     of the bins of a random probe that differ from the literal reading; None where the
              consumer refuses, and for compilers
    """

    consumer: str
    state: str
    reasons: tuple[str, ...]
    share: float | None


def support(graph: nir.NIRGraph, consumer: str, *, dt: float, seed: int = 0) -> Support:
    """The verdict for one of PRESETS on a file of this graph: its rules, then its semantics.

    For one of COMPILERS, its rules alone.

    Raises ConfigError for another name, and what `run_nir` does for a graph that does not run.
    """
    return verdict(graph, tried(graph, dt=dt, seed=seed), consumer)


def verdict(graph: nir.NIRGraph, trial: Trial, consumer: str) -> Support:
    """The same for a graph, inner graphs included, that was tried."""
    known = (*PRESETS, *COMPILERS)
    if consumer not in known:
        raise ConfigError(f"consumer {consumer!r} is not known; choose one of {sorted(known)}")
    if consumer in COMPILERS:
        return _compiled(graph, trial, consumer)
    refusals = INNER[consumer](graph, trial.dt) if consumer in INNER else []
    if not refusals:
        refusals = [why for rule in REFUSALS[consumer] for why in rule(trial.graph, trial.dt)]
    if refusals:
        return Support(consumer, REFUSED, tuple(refusals), None)
    how, filed = PRESETS[consumer], in_file_order(trial.graph)
    try:
        share = trial.differing(how, filed)
    except SubspikeError as error:
        return Support(consumer, REFUSED, (str(error),), None)
    if share == 0.0:
        return Support(consumer, SUPPORTED, (), 0.0)
    return Support(consumer, LOSSY, tuple(_habits(trial, filed, how)), share)


def _compiled(graph: nir.NIRGraph, trial: Trial, compiler: str) -> Support:
    refusals = has_no_inner_graph(graph, trial.dt) + [
        why for rule in COMPILERS[compiler] for why in rule(trial.graph, trial.dt)
    ]
    if refusals:
        return Support(compiler, REFUSED, tuple(refusals), None)
    return Support(compiler, TAKEN, tuple(habits(trial.graph, trial.dt)), None)


def in_file_order(graph: nir.NIRGraph) -> nir.NIRGraph:
    """The graph with its nodes as HDF5 gives them back: by name."""
    nodes = {name: graph.nodes[name] for name in sorted(graph.nodes)}
    return nir.NIRGraph(nodes, list(graph.edges), metadata=graph.metadata, type_check=False)


def _habits(trial: Trial, graph: nir.NIRGraph, how: Semantics) -> list[str]:
    """The ways in which these semantics depart from the meant ones and which tell here."""
    found = []
    for name, usual in vars(trial.how).items():
        habit = getattr(how, name)
        if habit == usual or name not in _SAID:
            continue
        # the right reading with this one habit, and the habit that it makes no sense without
        words = {name: habit}
        for pair in (("raw", "threshold_scaled"), ("order", "answers_last")):
            words |= {each: getattr(how, each) for each in pair} if name in pair else {}
        try:
            tells = trial.differing(replace(trial.how, **words), graph) > 0.0
        except SubspikeError:
            tells = True
        if tells:
            found.append(_SAID[name].format(_worded(trial.graph, habit)))
    return list(dict.fromkeys(found)) or ["its habits tell only together"]


def _worded(graph: nir.NIRGraph, habit: object) -> str:
    """A habit in words; of one that differs between kinds of nodes, those that are here."""
    if not isinstance(habit, dict):
        return str(habit)
    kinds = {type(node).__name__ for node in graph.nodes.values()}
    here = {kind: said for kind, said in habit.items() if kind in kinds}
    return "; ".join(
        f"{', '.join(said) if isinstance(said, tuple) else said} of {kind}"
        for kind, said in sorted(here.items())
    )


_SAID = {
    "integration": "it integrates in the other way ({})",
    "tau_in_steps": "it reads time constants as steps",
    "raw": "it does not scale inputs by dt/tau, r and w_in",
    "threshold_scaled": "it does not scale inputs by dt/tau, r and w_in",
    "fires": "it fires from the potential before the step",
    "fires_at": "it fires where the potential equals the threshold",
    "most_spikes": "its neurons fire several times in a step",
    "reset": "it resets in the other way ({})",
    "floored": "its potentials stay above -v_threshold",
    "starts": "its potentials start elsewhere ({})",
    "current_leaks": "its synaptic currents leak to v_leak",
    "ignores": "it ignores {}",
    "order": "it evaluates nodes in another order, which delays other edges",
    "delay_cuts": "it cuts a loop once more where a Delay is in it",
    "delays": "what enters comes late, in steps: {}",
    "input_through_recurrence": "it sends inputs through the recurrent weights",
    "answers_last": "it answers with the node that it evaluates last, not with the output",
}
