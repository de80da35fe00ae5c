"""Compound units on Loihi 2: one tick a step, gates inside the neuron, graded changes between.

A unit is one neuron program with an accumulator for each of its gates:

    gates   what arrives adds up for ever in three currents; a line through points stands for act
    cell    a current that keeps forget/4096, rounded toward zero as lava rounds, and gains z - i
    output  K (act(c) - o) + 1/2, of which the whole part is h; its change is what leaves the unit

    tick t          the step's changes of the input are sent
    tick t + 1 + l  the units of layer l take their step t and send the changes of h
    tick t + 1 + L  the readout of L layers, another accumulator

Inputs are sent as changes, too, because accumulators keep what they got. A bias is the change from
0 to 1 of a channel of its own, sent with the first step: until then a unit rests at exactly
z = i = o, c = h = 0, however long it waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compound import CompoundLayer, CompoundNetwork
from ..format import KEEP_BITS
from ..network import INPUT, Entry, Exit, Ints, Neurons, Quantized, Synapses, payload_bits
from ..target import Target
from ..violation import Violation
from .discretise import Reals, biases, kept, weights
from .registers import ALIGN, Registers

# fractional bits of z, i, o, c and act(c)
VALUE_BITS = 16
# of the registers' ranges; the rest is for rounding
_USED = 0.98
# bits below the 8 of one synapse, which only large numbers need a second one for: few weights do,
# and every bias
_WEIGHTS, _BIASES = 2, 7
# where `weights` splits a number between two synapses
_SPLIT = 7


@dataclass
class _Builder:
    """Groups and synapses of one network, with one list of notes."""

    net: CompoundNetwork
    target: Target
    registers: Registers
    groups: list[Neurons]
    synapses: list[Synapses]
    notes: list[str]

    @property
    def knots(self) -> Ints:
        """Of act, in units of 2^-VALUE_BITS."""
        found: Ints = np.round(self.net.line * 2.0**VALUE_BITS).astype(np.int64)
        return found

    def layer(self, index: int, layer: CompoundLayer, below: str) -> str:
        """Its three groups; returns the name of the one whose changes leave the units."""
        gates, cell, output = (f"l{index}_{part}" for part in ("gates", "cell", "output"))
        self._gates(index, layer, gates)
        self._heard(index, layer, gates, (below, output))
        self._cell(index, layer, cell)
        factor = self._output(index, layer, output)
        one = np.eye(layer.units, dtype=np.int64)
        none = 0 * one
        self.synapses += [
            Synapses(gates, cell, np.concatenate([one, -one, none], axis=1), 0),
            Synapses(cell, output, factor * one, 0),
            Synapses(gates, output, np.concatenate([none, none, -factor * one], axis=1), 0),
        ]
        return output

    def _gates(self, index: int, layer: CompoundLayer, name: str) -> None:
        """Three accumulators a unit."""
        count, drop = 3 * layer.units, drive_bits(self.net, layer, self.registers)
        words = self._level(index, drop - self.net.line_bits)
        self.groups.append(_neurons(name, np.full(count, 2**KEEP_BITS), **words))

    def _heard(
        self, index: int, layer: CompoundLayer, gates: str, sources: tuple[str, str]
    ) -> None:
        """What gates hear: the bias, the input or the layer below, and their own layer."""
        net, (below, back) = self.net, sources
        one = 2.0 ** drive_bits(net, layer, self.registers)
        inputs, clocks = (np.zeros((3 * layer.units, n)) for n in (net.inputs, len(net.layers)))
        clocks[:, index] = layer.bias
        bias = np.concatenate([inputs, clocks], axis=1)
        into, unit = layer.into, one / net.levels
        if index == 0:
            into = np.concatenate([into, 0 * clocks], axis=1)
            unit = one * 2.0**-net.input_bits
        self._fed(f"{gates}, biases", (INPUT, gates), bias, one, _BIASES)
        self._fed(f"{gates}, weights", (below, gates), into, unit)
        self._fed(f"{gates}, recurrent weights", (back, gates), layer.recurrent, one / net.levels)

    def _cell(self, index: int, layer: CompoundLayer, name: str) -> None:
        """Leaky integrators."""
        keep, off = kept(layer.forget, 1, self.registers)
        self._note(f"{name}, decays a step", np.array([off]), layer.forget)
        slowest = float((keep / 2**KEEP_BITS).max())
        self.notes.append(
            f"{name}: a tick rounds toward zero by less than 2^-{VALUE_BITS}, which leaves a cell "
            f"at rest at most {2.0**-VALUE_BITS / (1.0 - slowest):.3g} short; it wraps around at "
            f"{(self.registers.top_sum + 1) >> VALUE_BITS}"
        )
        words = self._level(index, VALUE_BITS - self.net.line_bits)
        self.groups.append(_neurons(name, keep, **words))

    def _output(self, index: int, layer: CompoundLayer, name: str) -> int:
        """Sigma-delta coders; returns what act(c) and o are multiplied by on their way."""
        net, nothing = self.net, np.zeros(layer.units, np.int64)
        factor, drop = _factor(net.levels)
        half = 1 << (drop - 1)
        # of n, from one end of act to the other
        most = (factor * int(self.knots.max() - self.knots.min()) + half) >> drop
        made = _neurons(
            name,
            nothing,
            threshold=nothing + net.theta,
            bias=nothing + half,
            spikes=2 * most,
            tick=index + 1,
            says="change",
            drop=drop,
        )
        error = (net.theta - 0.5) / net.levels
        self.notes.append(
            f"{name}: h in {net.levels} levels, said when it differs by {net.theta}: largest error "
            f"{error:.3g} of 1, in {payload_bits(made)} bits"
        )
        self.groups.append(made)
        return factor

    def readout(self, top: str) -> float:
        """An accumulator a class; returns the unit of its potential."""
        net, r = self.net, self.registers
        size = float((np.abs(net.readout).sum(1) * _reach(net) + np.abs(net.offset)).max())
        limits = (
            (r.top_sum, size),
            (r.top_bias, float(np.abs(net.offset).max())),
            (_most(r, _WEIGHTS), float(np.abs(net.readout).max()) / net.levels),
        )
        scale = _USED * min((top / need for top, need in limits if need > 0), default=1.0)
        held, off = biases(net.offset * scale, r)
        self._note("readout, biases", np.array([off / scale]), net.offset)
        keep, tick = np.full(len(held), 2**KEEP_BITS), len(net.layers) + 1
        words = {"bias": held, "spikes": 0, "tick": tick, "says": "nothing"}
        self.groups.append(_neurons("readout", keep, **words))
        self._fed("readout, weights", (top, "readout"), net.readout, scale / net.levels)
        return 1.0 / scale

    def _level(self, index: int, drop: int) -> dict[str, Any]:
        """What says act of a potential, whose points are 2^drop apart."""
        most = int(np.abs(self.knots).max())
        return {
            "spikes": most,
            "tick": index + 1,
            "says": "level",
            "drop": drop,
            "knots": self.knots,
        }

    def _fed(
        self,
        what: str,
        ends: tuple[str, str],
        weight: Reals,
        unit: float,
        finer: int = _WEIGHTS,
    ) -> None:
        """Synapses between two groups; `unit` is what a weight of 1 adds for a payload of 1."""
        peak = float(np.abs(weight).max(initial=0.0)) * unit
        if peak == 0.0:
            return
        fits = math.ceil(math.log2(peak / self.registers.top_weight)) - ALIGN
        parts, error = weights(weight * unit, self.registers, least=max(fits - finer, -ALIGN))
        self._note(what, error / unit, weight)
        self.synapses += [
            Synapses(*ends, part.mantissa, 1, ALIGN + part.exponent) for part in parts
        ]

    def _note(self, what: str, error: Reals, of: Reals) -> None:
        largest = float(error.max(initial=0.0))
        if largest > 0.0:
            peak = float(np.abs(of).max())
            self.notes.append(f"{what} rounded, largest error {largest:.3g} of {peak:.3g}")


def _neurons(name: str, keep: Ints, **words: Any) -> Neurons:
    """Memoryless potentials of currents that keep so many 4096ths."""
    nothing = np.zeros(len(keep), np.int64)
    given = {"threshold": nothing, "bias": nothing} | words
    return Neurons(name, current_decay=keep, potential_decay=nothing, **given)


def compound(net: CompoundNetwork, target: Target, dt: float, *, registers: Registers) -> Quantized:
    """The network in Loihi 2's integers; every rounding and its error is in `notes`."""
    line = (
        f"act: a line through {len(net.line)} points, 2^-{net.line_bits} apart, of "
        f"{VALUE_BITS} bits: largest error {net.line_error + 2.0**-VALUE_BITS:.2g} of 1"
    )
    build = _Builder(net, target, registers, [], [], [line])
    clocks = tuple(range(len(net.layers)))
    entry = Entry(net.inputs, "changes", net.input_bits, clocks=clocks)
    below = INPUT
    for index, layer in enumerate(net.layers):
        below = build.layer(index, layer, below)
    leave = Exit("readout", unit=build.readout(below))
    return Quantized(
        target.name,
        dt,
        entry,
        leave,
        tuple(build.groups),
        tuple(build.synapses),
        notes=tuple(build.notes),
    )


def drive_bits(net: CompoundNetwork, layer: CompoundLayer, registers: Registers) -> int:
    """The most fractional bits with which the largest drive fits its accumulator."""
    first = layer is net.layers[0]
    into = np.abs(layer.into).sum(1) * (net.input_max if first else _reach(net))
    drive = into + np.abs(layer.recurrent).sum(1) * _reach(net) + np.abs(layer.bias)
    largest = max(float(drive.max()), 2.0**-VALUE_BITS)
    quantum = 1.0 / net.levels
    needs = (
        (_WEIGHTS, layer.into, 2.0**-net.input_bits if first else quantum),
        (_WEIGHTS, layer.recurrent, quantum),
        (_BIASES, layer.bias, 1.0),
    )
    rooms = [
        _most(registers, finer) / max(float(np.abs(numbers).max()) * unit, 2.0**-VALUE_BITS)
        for finer, numbers, unit in needs
    ]
    room = min(_USED * registers.top_sum / largest, *rooms)
    # the line's outermost points have to fit, too
    ends = registers.top_sum * 2.0**net.line_bits * 2.0 / len(net.line)
    return min(math.floor(math.log2(room)), math.floor(math.log2(ends)))


def drives_fit_an_accumulator(
    net: CompoundNetwork, _target: Target, _dt: float, *, registers: Registers
) -> list[Violation]:
    """Between two points of the line lie 16 values of a drive at least."""
    bits = [drive_bits(net, layer, registers) - net.line_bits for layer in net.layers]
    return [
        Violation(
            "drives_fit_an_accumulator",
            f"layer {index}",
            f"{have} bits between two points of act",
            "4 or more",
            "train with weight decay, or take a coarser line",
        )
        for index, have in enumerate(bits)
        if have < 4
    ]


def values_fit_their_states(
    net: CompoundNetwork, _target: Target, _dt: float, *, registers: Registers
) -> list[Violation]:
    """Act stays within -1 and 1, and levels times it within an accumulator."""
    found, rule = [], "values_fit_their_states"
    most = float(np.abs(net.line).max())
    if most > 1.0 or net.line_bits > VALUE_BITS - 4:
        have = f"values up to {most:.4g} at points 2^-{net.line_bits} apart"
        limit = f"1, points at least 2^-{VALUE_BITS - 4} apart"
        found.append(Violation(rule, "act", have, limit, "use another activation"))
    factor, drop = _factor(net.levels)
    if 2 * factor << VALUE_BITS >= registers.top_sum or drop < 1:
        remedy = "use a power of two up to 2^15, or less than 64"
        found.append(Violation(rule, "levels", str(net.levels), "an accumulator's bits", remedy))
    return found


def changes_fit_a_message(
    net: CompoundNetwork, _target: Target, _dt: float, *, registers: Registers
) -> list[Violation]:
    """An input and an output may change by their whole range in one step."""
    ranges = {"input": net.input_max * 2.0**net.input_bits, "output": _reach(net) * net.levels}
    return [
        Violation(
            "changes_fit_a_message",
            where,
            f"changes up to {2 * most:.0f}",
            f"{registers.message} bits",
            "use fewer bits or levels",
        )
        for where, most in ranges.items()
        if 2 * most >= 2 ** (registers.message - 1)
    ]


def _reach(net: CompoundNetwork) -> float:
    """The largest |h|."""
    return float(net.line.max() - net.line.min())


def _most(registers: Registers, finer: int) -> int:
    """The largest number that two synapses add, so many bits finer than one alone would."""
    return registers.top_weight << ALIGN + registers.exponents[1] - (_SPLIT - finer)


def _factor(levels: int) -> tuple[int, int]:
    """K as odd 2^k: what values are multiplied by, and the bits that are left to drop."""
    twos = (levels & -levels).bit_length() - 1
    return levels >> twos, VALUE_BITS - twos
