"""The portable population graph on Loihi: two ticks a step, gates and cells in turn.

Every synapse takes a tick, so gates fire at odd ticks and cells at even ones:

    tick 2t      the step's input is sent
    tick 2t + 1  gates of layer 0 fire (z, i, o)
    tick 2t + 2  its cells and the relays of o; they reach the gates of the next step, the gates of
                 the next layer, and the readout, all at tick 2t + 3

A cell neuron's state is its synaptic current, which no spike resets and which keeps sqrt(f) a tick.
It fires at the other ticks as well, where only cells speak; gates must not hear that. So a clock
channel spikes once a step into the gates. With u the current, B the bias and E the clock's weight,

    silent without the clock:   B + (whatever cells alone can bring) <= threshold
    exact with it:              B + E = threshold + (b - 1) S,  hence  u + B + E > threshold
                                exactly where the graph's drive + b exceeds 1

S is a neuron's own scale, as large as the registers allow; biases absorb every scale, so that all
gates share one threshold.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import nir
import numpy as np
from numpy.typing import NDArray

from ..format import KEEP_BITS
from ..layers import Stack, read_stack
from ..network import INPUT, Entry, Exit, Ints, Neurons, Quantized, Synapses
from ..populations import MOST_BITS, Numbers, bias_of, numbers
from ..target import Target, Violation
from .discretise import Reals, biases, kept, most_of, thresholds, weights, weights_above
from .levels import levels
from .registers import ALIGN, Registers

TICKS = 2
# a membrane keeps 1/4096, the least there is
_MEMORYLESS = 1
# of the registers' ranges; the rest is for rounding
_USED = 0.98
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class _Source:
    """Real weights into one group.

    name     of the group that spikes, or of the input
    weight   that a spike adds, or that multiplies a graded one  # (targets, sources)
    reach    bound of what all of it adds  # (targets,)
    holding  sources that also fire at the ticks between  # (sources,)
    least    exponent of the weights' smallest unit
    chains   sources that fire in a fixed order
    """

    name: str
    weight: Reals
    reach: Reals
    holding: NDArray[np.bool_]
    least: int = 0
    chains: tuple[Ints, ...] = ()


def population(
    graph: nir.NIRGraph, target: Target, dt: float, *, registers: Registers
) -> Quantized:
    """The graph in Loihi's integers; every rounding and its error is in `notes`.

    Inputs are graded spikes where the chip has them, else the digits of their two's complement,
    each a channel whose weights are twice those of the one before.
    """
    stack, grid = read_stack(graph), input_grid(graph)
    if stack is None or grid is None:
        raise ValueError("only a graph that passed the rules is quantised")
    layers = [numbers(graph, layer, dt) for layer in stack.layers]
    entry = _entry(layers, *grid, registers)
    groups: list[Neurons] = []
    synapses: list[Synapses] = []
    notes: list[str] = []
    build = _Builder(target, registers, notes)
    said = _inputs(layers[0].into, entry, grid[1], registers)
    for index, n in enumerate(layers):
        holding = n.forget > 0
        chains = tuple(levels(n))
        back = _Source(n.cell, n.recurrent, _reach(n.recurrent), holding, chains=chains)
        clock = entry.channels - len(layers) + index
        gates, fed = build.gates(n, [said, back], clock, entry.channels, tick=TICKS * index + 1)
        cells, mixed = build.cells(n, tick=TICKS * index + 2)
        groups += [gates, cells]
        synapses += [*fed, *mixed]
        if index + 1 < len(layers):
            up = layers[index + 1].into
            said = _Source(n.cell, up, _reach(up), holding, chains=chains)
    top = layers[-1].cell
    leave = Exit(top, "spikes")
    if stack.readout:
        readout, last, unit = build.readout(
            graph.nodes[stack.readout], stack.readout, top, chains, tick=TICKS * len(layers) + 1
        )
        groups.append(readout)
        synapses += last
        leave = Exit(stack.readout, unit=unit)
    return Quantized(
        target.name, dt, entry, leave, tuple(groups), tuple(synapses), TICKS, tuple(notes)
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


def _entry(layers: list[Numbers], bits: int, most: float, registers: Registers) -> Entry:
    clocks = tuple(TICKS * index for index in range(len(layers)))
    inputs = layers[0].into.shape[1]
    if registers.message:
        return Entry(inputs, "graded", bits, clocks=clocks)
    # two's complement: one digit more for the sign
    digits = int(np.floor(most * 2**bits)).bit_length() + 1
    return Entry(inputs, "digits", bits, digits, clocks=clocks)


def _inputs(into: Reals, entry: Entry, most: float, registers: Registers) -> _Source:
    """The input's weights per channel."""
    wide = np.zeros((len(into), entry.channels))
    least = 0
    if entry.way == "graded":
        wide[:, : entry.inputs] = into * 2.0**-entry.bits
        # a smaller unit, because what is rounded is multiplied
        least = max(-math.floor(math.log2(max(most * 2**entry.bits, 1.0))), registers.exponents[0])
    else:
        place = 2.0 ** (np.arange(entry.digits) - entry.bits)
        place[-1] *= -1.0
        wide[:, : entry.inputs * entry.digits] = np.kron(into, place)
    never = np.zeros(entry.channels, bool)
    return _Source(INPUT, wide, np.abs(into).sum(1) * most, never, least)


def _shared(scale: Reals, weight: Reals) -> Reals:
    """The least scale of all neurons with the same weights but for their sign.

    The levels of a unit are then rounded alike, and still fire in their order.
    """
    _, unit = np.unique(np.abs(weight), axis=0, return_inverse=True)
    unit = unit.reshape(-1)
    least = np.full(unit.max() + 1, np.inf)
    np.minimum.at(least, unit, scale)
    shared: Reals = least[unit]
    return shared


def _reach(weight: Reals) -> Reals:
    """Bound of |sum| over any set of binary spikes.  # (targets,)"""
    bound: Reals = np.maximum(np.maximum(weight, 0).sum(1), np.maximum(-weight, 0).sum(1))
    return bound


@dataclass
class _Builder:
    """Groups of one network, with one list of notes."""

    target: Target
    registers: Registers
    notes: list[str]

    def gates(
        self, n: Numbers, sources: list[_Source], clock: int, channels: int, *, tick: int
    ) -> tuple[Neurons, list[Synapses]]:
        """Memoryless neurons that the clock enables."""
        r = self.registers
        over = n.bias - 1.0
        reach = np.sum([each.reach for each in sources], axis=0)
        overheard = np.sum(
            [np.maximum(each.weight[:, each.holding], 0).sum(1) for each in sources], axis=0
        )
        enable = np.maximum(overheard + over, 0.0)
        ceiling = r.top_bias
        loudest = [np.abs(each.weight).max(axis=1) / most_of(r, each.least) for each in sources]
        shares = [(enable + reach) / r.top_sum, (enable - over) / (2.0 * ceiling), *loudest]
        scale = _USED / np.maximum(np.max(shares, axis=0), _TINY)
        scale = _shared(scale, np.concatenate([each.weight for each in sources], axis=1))
        fed: list[Synapses] = []
        brought = np.zeros(len(over), np.int64)
        for each in sources:
            made = self._synapses(each, n.gates, scale)
            fed += made
            for part in made:
                alone = np.maximum(part.weight[:, each.holding], 0).sum(1)
                brought += alone << part.shift
        # a membrane that stays at the threshold leaves 1/4096 of it; a bias rounds by 2^7 at most
        slack = (ceiling >> KEEP_BITS) + 2**r.bias_exponent + 1
        wanted = over * scale
        needed = np.maximum(brought + np.ceil(wanted).astype(np.int64) + slack, 0)
        mantissa, exponent = weights_above(needed, r)
        column = np.zeros((len(over), channels), np.int64)
        column[:, clock] = mantissa
        fed.append(Synapses(INPUT, n.gates, column, 1, ALIGN + exponent))
        threshold = np.full(len(over), ceiling >> ALIGN << ALIGN)
        # of the tick between, the membrane keeps 1/4096, which is the bias but for what cells say
        resting = threshold + wanted - (mantissa << (ALIGN + exponent))
        bias, off = biases(resting / (1.0 + 2.0**-KEEP_BITS), r)
        self._note(n.gates, "biases", off / scale, np.abs(over))
        nothing = np.zeros(len(over), np.int64)
        return Neurons(n.gates, threshold, bias, nothing, nothing + _MEMORYLESS, tick=tick), fed

    def cells(self, n: Numbers, *, tick: int) -> tuple[Neurons, list[Synapses]]:
        """Currents that leak, and relays, which keep nothing.

        All cells share the largest weight, so that neurons of one level share their threshold.
        """
        r = self.registers
        keep, off = kept(n.forget, TICKS, r)
        self._note(n.cell, "decays per step", np.array([off]), n.forget)
        peak = np.abs(n.mix).max(axis=1)
        at_once = _reach(n.mix) / peak
        ever = at_once / (1.0 - (keep / 2**KEEP_BITS) ** TICKS)
        top = self.target.format.current.high
        unit = _USED * min(
            r.top_sum / at_once.max(), top / ever.max(), r.top_threshold * float(peak.min())
        )
        # one mantissa exactly, so that weights of one size are not rounded at all
        mantissa, exponent = weights_above(np.array([int(unit) >> ALIGN << ALIGN]), r)
        unit = float(max(int(mantissa[0]) - 1, 1) << (ALIGN + exponent))
        scale = unit / peak
        none = np.zeros(n.mix.shape[1], bool)
        made = self._synapses(_Source(n.gates, n.mix, peak, none), n.cell, scale)
        threshold, off = thresholds(scale, r)
        self._note(n.cell, "thresholds", np.array([off]) / scale, np.array([1.0]))
        nothing = np.zeros(len(scale), np.int64)
        return Neurons(n.cell, threshold, nothing, keep, nothing + _MEMORYLESS, tick=tick), made

    def readout(
        self, node: nir.NIRNode, name: str, top: str, chains: tuple[Ints, ...], *, tick: int
    ) -> tuple[Neurons, list[Synapses], float]:
        """Neurons that never fire, whose potentials are the outputs; and the unit of these."""
        r = self.registers
        weight, bias = np.asarray(node.weight, np.float64), bias_of(node)
        size = float((_reach(weight) + np.abs(bias)).max())
        scale = _USED * min(
            r.top_sum / size,
            r.top_bias / max(float(np.abs(bias).max()), _TINY),
        )
        every = np.full(len(bias), scale)
        none = np.zeros(weight.shape[1], bool)
        made = self._synapses(_Source(top, weight, bias, none, chains=chains), name, every)
        held, off = biases(bias * scale, r)
        self._note(name, "biases", np.array([off / scale]), np.abs(bias))
        nothing = np.zeros(len(bias), np.int64)
        never = nothing + r.top_threshold
        return (
            Neurons(name, never, held, nothing, nothing + _MEMORYLESS, spikes=0, tick=tick),
            made,
            1.0 / scale,
        )

    def _synapses(self, source: _Source, target: str, scale: Reals) -> list[Synapses]:
        wanted = source.weight * scale[:, None]
        parts, error = weights(wanted, self.registers, least=source.least, chains=source.chains)
        where = f"{source.name} to {target}"
        self._note(where, "weights", error / scale[:, None], np.abs(source.weight))
        return [
            Synapses(
                source.name,
                target,
                each.mantissa,
                1,
                ALIGN + max(each.exponent, 0),
                max(-each.exponent, 0),
            )
            for each in parts
        ]

    def _note(self, where: str, what: str, error: Reals, of: Reals) -> None:
        largest = float(error.max(initial=0.0))
        if largest > 0:
            self.notes.append(
                f"{where}: {what} rounded, largest error {largest:.3g} of {float(of.max()):.3g}"
            )
