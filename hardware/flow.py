"""The verbs, in their order: check, place, quantize, configure; then map, emulate, simulate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import nir
from numpy.typing import NDArray

from spiking.errors import ConfigError, DoesNotFitError
from spiking.guarded import SECONDS

from .chain import neurons
from .compound import CompoundNetwork
from .configuration import Configuration
from .emulator import traced
from .mapper import Mapped, run_mapper
from .network import Quantized
from .placement import Placement, placed, torn
from .run import Run, entered, told
from .simulator import Simulator, run_simulator
from .target import Target
from .targets import TARGETS
from .violation import Violation

# what a family of chips takes
Graph: TypeAlias = nir.NIRGraph | CompoundNetwork


def check(graph: Graph, target: Target, *, dt: float) -> tuple[Violation, ...]:
    """Every rule of `target` that `graph` breaks; empty where it fits.

    Counts are checked for any graph; the family's rules and the chip's own for a graph of the
    right kind; and how full its cores get where all else is kept.

    dt  seconds per step that the graph's time constants were written for
    """
    faults, _ = _examined(graph, target, dt)
    return faults


def _examined(
    graph: Graph, target: Target, dt: float
) -> tuple[tuple[Violation, ...], tuple[Quantized, Placement] | None]:
    """The broken rules; and where none is, what the last of them was asked of."""
    found = _unplaced(graph, target, dt)
    if found:
        return tuple(found), None
    network = target.quantize(graph, target, dt)
    placement = placed(network, target.cores)
    return tuple(_cores(network, placement, target)), (network, placement)


def _unplaced(graph: Graph, target: Target, dt: float) -> list[Violation]:
    """The rules that are broken before anything lies on a core."""
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    family = target.family
    if not isinstance(graph, family.kind):
        return [replace(family.refusal, have=f"a {type(graph).__name__}")]
    reading = family.read(graph)
    found = list(
        _counts(graph, target, neurons(graph) if reading is None else family.hidden(reading))
    )
    if reading is None:
        kinds = " -> ".join(type(node).__name__ for node in getattr(graph, "nodes", {}).values())
        return [replace(family.refusal, have=kinds), *found]
    for rule in (*family.rules, *target.rules):
        found += rule(reading, target, dt)
    return found


def _counts(graph: Graph, target: Target, hidden: int) -> list[Violation]:
    limits, (inputs, outputs) = target.limits, target.family.widths(graph)
    counts = [
        ("inputs_fit", "input", inputs, limits.inputs, "use fewer channels"),
        ("hidden_neurons_fit", "hidden", hidden, limits.hidden, "use fewer units"),
        ("outputs_fit", "output", outputs, limits.outputs, "use fewer classes"),
    ]
    return [
        Violation(rule, where, str(have), str(limit), remedy)
        for rule, where, have, limit, remedy in counts
        if limit is not None and have > limit
    ]


def _cores(network: Quantized, placement: Placement, target: Target) -> list[Violation]:
    found, count = [], target.cores.count
    if count is not None and placement.count > count:
        remedy = "use fewer units or levels"
        found.append(
            Violation("cores_suffice", "network", f"{placement.count} cores", str(count), remedy)
        )
    if wires := torn(network, placement.cores):
        have, remedy = f"{wires} wires between two cores", "use fewer units a layer"
        found.append(Violation("a_neuron_lies_on_one_core", "network", have, "0", remedy))
    for resource, limit in placement.limits.items():
        used = placement.used[resource]
        most = int(used.max(initial=0))
        if most > limit:
            where = f"{int((used > limit).sum())} of {placement.count} cores"
            remedy = f"one neuron needs too many {resource}: prune its synapses"
            found.append(
                Violation("a_core_holds_it", where, f"{most} {resource}", str(limit), remedy)
            )
    return found


def _fitting(graph: Graph, target: Target, dt: float) -> tuple[Quantized, Placement]:
    faults, made = _examined(graph, target, dt)
    if faults or made is None:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise DoesNotFitError(f"{target.name}: {len(faults)} rules are broken:\n{lines}", faults)
    return made


def place(graph: Graph, target: Target, *, dt: float) -> Placement:
    """Which neuron goes on which core of `target`, and how full every core gets.

    Raises DoesNotFitError that lists every broken rule, with what the network has, the limit,
    and what to do.
    """
    return _fitting(graph, target, dt)[1]


def quantize(graph: Graph, target: Target, *, dt: float) -> Quantized:
    """`graph` in the integers of `target`; raises as `place` does."""
    return _fitting(graph, target, dt)[0]


def configure(network: Quantized, placement: Placement) -> Configuration:
    """What the vendor's tool takes: the network, where it lies, and the tool's files."""
    target = target_named(network.target)
    return Configuration(network, placement, target.configure(network, placement, target))


def deploy(graph: Graph, target: Target, *, dt: float) -> Configuration:
    """All of it: check, place, quantize, configure; raises as `place` does."""
    return configure(*_fitting(graph, target, dt))


def emulate(network: Quantized, inputs: NDArray[Any], *, watched: Sequence[str] = ()) -> Run:
    """Run a network in our integer emulator on inputs (batch, time, inputs), each from silence.

    watched  groups whose states are kept in the trace, beside the exit's

    Raises ShapeError for a wrong number of axes or entries, ConfigError and GridError for inputs
    that the chip cannot take.
    """
    arriving = entered(network, inputs)
    how = target_named(network.target).format
    trace = traced(network, how, arriving, watched=watched)
    return told(network, arriving, trace, inputs.shape[1])


def simulate(
    configuration: Configuration,
    inputs: NDArray[Any],
    *,
    simulator: str | None = None,
    watched: Sequence[str] = (),
    guarded: bool = False,
    seconds: float = SECONDS,
) -> Run:
    """Run a configuration in a simulator of the vendor; it equals `emulate`, bit for bit.

    simulator  one of the target's, the first where none is named
    watched    as in `emulate`
    guarded    in a process of its own, whatever it is; some always are
    seconds    after which such a process is ended

    Raises what `emulate` raises, MissingSoftwareError where the simulator is not installed, and
    WorkerError where its process dies, hangs or writes garbage.
    """
    network = configuration.network
    target = target_named(network.target)
    chosen = simulator_named(target, simulator)
    arriving = entered(network, inputs)
    trace = run_simulator(
        chosen, configuration, arriving, watched=watched, guarded=guarded, seconds=seconds
    )
    return told(network, arriving, trace, inputs.shape[1])


def map_with_vendor(configuration: Configuration, *, seconds: float = SECONDS) -> Mapped:
    """Where the vendor's own mapper lays a configuration on a board, and what it would load.

    seconds  that it may take

    Raises ConfigError for a chip without one, MissingSoftwareError where it is not installed,
    DoesNotFitError where it finds no room, WorkerError where its process dies, hangs or writes
    garbage.
    """
    target = target_named(configuration.network.target)
    if target.mapper is None:
        raise ConfigError(f"{target.name} has no mapper of its vendor; place fills its cores")
    return run_mapper(target.mapper, configuration, target.cores, seconds=seconds)


def simulator_named(target: Target, name: str | None = None) -> Simulator:
    """One of the target's simulators, the first where none is named; ConfigError for others."""
    if not target.simulators:
        raise ConfigError(f"{target.name} has no vendor simulator; emulate runs it")
    for each in target.simulators:
        if name in (None, each.name):
            return each
    known = [each.name for each in target.simulators]
    raise ConfigError(f"{name!r} does not simulate {target.name}; {known} do")


def target_named(name: str) -> Target:
    """One of TARGETS; ConfigError naming them all for another."""
    if name not in TARGETS:
        raise ConfigError(f"target {name!r} is not known; choose one of {sorted(TARGETS)}")
    return TARGETS[name]
