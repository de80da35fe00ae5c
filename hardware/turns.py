"""The portable population graph where every synapse takes a tick: gates and cells in turn.

A step of the model is two ticks; gates fire at odd ticks and cells at even ones:

    tick 2t      the step's input is sent
    tick 2t + 1  gates of layer 0 fire (z, i, o)
    tick 2t + 2  its cells and the relays of o; they reach the gates of the next step, the gates of
                 the next layer, and the readout, all at tick 2t + 3

A cell neuron's state is its synaptic current, which no spike resets and which keeps sqrt(f) a tick.
It fires at the other ticks as well, where only cells speak; gates must not hear that. So a clock
channel spikes once a step into the gates, and without its spike no gate reaches its threshold.
What that means in a chip's registers, its `Builder` says.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import nir
import numpy as np
from numpy.typing import NDArray

from .layers import Stack, read_stack
from .levels import levels
from .network import INPUT, Entry, Exit, Ints, Neurons, Quantized, Synapses
from .populations import MOST_BITS, Array, Numbers, numbers
from .target import Target
from .violation import Violation

TICKS = 2


@dataclass(frozen=True, eq=False)
class Source:
    """Real weights into one group.

    name     of the group that spikes, or of the input
    weight   that a spike adds, or that multiplies a graded one  # (targets, sources)
    reach    bound of what all of it adds  # (targets,)
    holding  sources that also fire at the ticks between  # (sources,)
    least    exponent of the weights' smallest unit
    chains   sources that fire in a fixed order
    """

    name: str
    weight: Array
    reach: Array
    holding: NDArray[np.bool_]
    least: int = 0
    chains: tuple[Ints, ...] = ()


class Builder(Protocol):
    """Groups of one network in a chip's integers; what rounding changed is in `notes`."""

    notes: list[str]

    def gates(
        self, n: Numbers, sources: Sequence[Source], clock: int, channels: int, *, tick: int
    ) -> tuple[Neurons, list[Synapses]]:
        """Memoryless neurons that channel `clock` of so many enables."""

    def cells(self, n: Numbers, *, tick: int) -> tuple[Neurons, list[Synapses]]:
        """Currents that leak, and relays, which keep nothing."""

    def readout(self, node: nir.NIRNode, source: Source, name: str, *, tick: int) -> Readout:
        """Neurons that never fire, whose potentials are the outputs; and the unit of these."""


Readout = tuple[Neurons, list[Synapses], float]


def taking_turns(
    graph: nir.NIRGraph,
    target: Target,
    dt: float,
    build: Builder,
    *,
    graded: bool = False,
    least: int = 0,
) -> Quantized:
    """The graph in the integers of a chip; every rounding and its error is in `notes`.

    Inputs are graded spikes where the chip has them, else the digits of their two's complement,
    each a channel whose weights are twice those of the one before.

    least  exponent of a weight that multiplies a graded spike, not below this
    """
    stack, grid = read_stack(graph), input_grid(graph)
    if stack is None or grid is None:
        raise ValueError("only a graph that passed the rules is quantised")
    layers = [numbers(graph, layer, dt) for layer in stack.layers]
    entry = _entry(layers, *grid, graded=graded)
    groups: list[Neurons] = []
    synapses: list[Synapses] = []
    said = _inputs(layers[0].into, entry, grid[1], least)
    for index, n in enumerate(layers):
        back = _spoken(n, n.recurrent)
        clock = entry.channels - len(layers) + index
        gates, fed = build.gates(n, [said, back], clock, entry.channels, tick=TICKS * index + 1)
        cells, mixed = build.cells(n, tick=TICKS * index + 2)
        groups += [gates, cells]
        synapses += [*fed, *mixed]
        if index + 1 < len(layers):
            said = _spoken(n, layers[index + 1].into)
    top = layers[-1]
    leave = Exit(top.cell, "spikes")
    if stack.readout:
        node, name = graph.nodes[stack.readout], stack.readout
        source = _spoken(top, np.asarray(node.weight, np.float64))
        readout, last, unit = build.readout(node, source, name, tick=TICKS * len(layers) + 1)
        groups.append(readout)
        synapses += last
        leave = Exit(name, unit=unit)
    return Quantized(
        target.name, dt, entry, leave, tuple(groups), tuple(synapses), TICKS, tuple(build.notes)
    )


def input_grid(graph: nir.NIRGraph) -> tuple[int, float] | None:
    """Fractional bits and largest magnitude of an input, from what `to_nir` wrote beside it."""
    try:
        grid = json.loads(graph.metadata["subspike"])["grid"]
        bits, most = int(grid["input_bits"]), float(grid["input_max"])
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return None
    return (bits, most) if 0 <= bits <= MOST_BITS and 0 < most < 2**MOST_BITS else None


def inputs_lie_on_a_known_grid(stack: Stack, _target: Target, _dt: float) -> list[Violation]:
    """How many digits an input has is no part of a graph; `to_nir` writes it into the metadata."""
    if input_grid(stack.graph) is not None:
        return []
    have, limit = "no metadata of its input", "input_bits and input_max"
    remedy = "write the network with to_nir, which leaves them in the metadata"
    return [Violation("inputs_lie_on_a_known_grid", "graph", have, limit, remedy)]


def _entry(layers: list[Numbers], bits: int, most: float, *, graded: bool) -> Entry:
    clocks = tuple(TICKS * index for index in range(len(layers)))
    inputs = layers[0].into.shape[1]
    if graded:
        return Entry(inputs, "graded", bits, clocks=clocks)
    # two's complement: one digit more for the sign
    digits = int(np.floor(most * 2**bits)).bit_length() + 1
    return Entry(inputs, "digits", bits, digits, clocks=clocks)


def _inputs(into: Array, entry: Entry, most: float, least: int) -> Source:
    """The input's weights per channel."""
    wide = np.zeros((len(into), entry.channels))
    exponent = 0
    if entry.way == "graded":
        wide[:, : entry.inputs] = into * 2.0**-entry.bits
        # a smaller unit, because what is rounded is multiplied
        exponent = max(-math.floor(math.log2(max(most * 2**entry.bits, 1.0))), least)
    else:
        place = 2.0 ** (np.arange(entry.digits) - entry.bits)
        place[-1] *= -1.0
        wide[:, : entry.inputs * entry.digits] = np.kron(into, place)
    never = np.zeros(entry.channels, bool)
    return Source(INPUT, wide, np.abs(into).sum(1) * most, never, exponent)


def _spoken(n: Numbers, weight: Array) -> Source:
    """A layer's cells and relays with weights into some group."""
    return Source(n.cell, weight, reach(weight), n.forget > 0, chains=tuple(levels(n)))


def shared(scale: Array, weight: Array) -> Array:
    """The least scale of all neurons with the same weights but for their sign.

    The levels of a unit are then rounded alike, and still fire in their order.
    """
    _, unit = np.unique(np.abs(weight), axis=0, return_inverse=True)
    unit = unit.reshape(-1)
    least = np.full(unit.max() + 1, np.inf)
    np.minimum.at(least, unit, scale)
    found: Array = least[unit]
    return found


def reach(weight: Array) -> Array:
    """Bound of |sum| over any set of binary spikes.  # (targets,)"""
    bound: Array = np.maximum(np.maximum(weight, 0).sum(1), np.maximum(-weight, 0).sum(1))
    return bound
