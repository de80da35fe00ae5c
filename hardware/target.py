"""The nouns of a chip: what it can hold, how it counts, who maps onto it and who simulates it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import nir

from .chain import width
from .configuration import Configuration
from .energy import EnergyTable, Estimate, unavailable
from .format import Format
from .mapper import Mapper
from .network import Quantized
from .placement import ONE_CORE, Cores, Placement
from .run import Run
from .simulator import Simulator
from .violation import Violation


@dataclass(frozen=True)
class Limits:
    """How much fits; None where the chip, or this model of it, has no such limit.

    inputs, hidden, outputs   channels and neurons
    fan_out                   synapses that leave one hidden neuron, at most
    recurrent                 recurrent synapses in all
    input_reach               only the first so many hidden neurons take input
    output_reach              only the last so many hidden neurons feed the output
    input_spikes, spikes      of an input channel and of a hidden neuron in one step, at most
    dash_bits                 bits of a decay exponent

    What one core holds stands in `Cores`, how wide numbers are in `Format`.
    """

    inputs: int | None = None
    hidden: int | None = None
    outputs: int | None = None
    fan_out: int | None = None
    recurrent: int | None = None
    input_reach: int | None = None
    output_reach: int | None = None
    input_spikes: int | None = None
    spikes: int = 1
    dash_bits: int | None = None


@dataclass(frozen=True)
class Latency:
    """Ticks from an input to neurons, around a loop, and onward to others; their source."""

    enter: int
    loop: int
    leave: int
    source: str


def graph_widths(graph: nir.NIRGraph) -> tuple[int, int]:
    """Entries of the input and of the output."""
    return width(graph, nir.Input), width(graph, nir.Output)


@dataclass(frozen=True)
class Family:
    """Chips that take the same kind of graph.

    read     the graph in the family's own terms (a Chain, a Stack), None for another graph
    refusal  what is said about another graph
    hidden   neurons of a reading that count as hidden
    rules    each one function named as a sentence, of (reading, target, dt)
    kind     what a graph is written in
    widths   of a graph of that kind, reading or not
    """

    read: Callable[[Any], Any]
    refusal: Violation
    hidden: Callable[[Any], int]
    rules: tuple[Rule, ...]
    kind: type = nir.NIRGraph
    widths: Callable[[Any], tuple[int, int]] = graph_widths


# joules or seconds of a run
Meter = Callable[[Configuration, Run], Estimate]
Rule = Callable[[Any, "Target", float], list[Violation]]


def no_files(_network: Quantized, _placement: Placement, _target: Target) -> dict[str, bytes]:
    """For tools that read arrays."""
    return {}


def no_energy(_configuration: Configuration, _run: Run) -> Estimate:
    """Nobody has published joules an event."""
    return unavailable("energy", "J", "no published energy an event")


def no_clock(_configuration: Configuration, _run: Run) -> Estimate:
    """Nobody has said how long a tick takes."""
    return unavailable("latency", "s", "no clock is given")


@dataclass(frozen=True)
class Target:
    """A chip, all of it.

    source      of its limits and formats
    latency     of its synapses; the quantiser writes it into delays
    quantize    (graph without violations, target, dt) to integers
    rules       of this chip alone, after the family's
    configure   the vendor's files
    simulators  the vendor's, first the one that equality is asked of
    mapper      the vendor's, where placing is more than filling cores
    tools       other software of others, which prices or builds
    energy      what measures joules, best first
    table       whose prices say where a rate model would be cheaper; None where none is known
    footprint   what the vendor's own tool takes of the chip, by resource; None where it has none
    """

    name: str
    about: str
    source: str
    limits: Limits
    format: Format
    latency: Latency
    family: Family
    quantize: Callable[[Any, Target, float], Quantized]
    cores: Cores = ONE_CORE
    rules: tuple[Rule, ...] = ()
    configure: Callable[[Quantized, Placement, Target], Mapping[str, bytes]] = no_files
    simulators: tuple[Simulator, ...] = ()
    mapper: Mapper | None = None
    tools: tuple[Simulator, ...] = ()
    energy: tuple[Meter, ...] = (no_energy,)
    table: EnergyTable | None = None
    seconds: Meter = no_clock
    footprint: Callable[[Configuration], Mapping[str, int]] | None = None
