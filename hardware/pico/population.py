"""The portable population graph around an Akida Pico: cells on the chip, all else on the host.

The chip has no threshold and no spike, but its recurrent layer is a bank of leaky integrators, and
such is a cell. A tick is one step of the bank, closed over the host:

    host    gates fire (z, i, o), from the input and from the spikes of the tick before
    host    x = n_z - n_i of every unit goes to the chip, one byte each
    chip    all states take a step (hardware/pico/bank.py) and come back
    host    the K neurons of a unit fire where its state is beyond their thresholds

One step of the bank serves all layers, so that each layer works a tick behind the one below; its
gates take their bias from a clock channel, which is silent until its first step comes. What the
host computes is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import nir
import numpy as np
from numpy.typing import NDArray

from ..distinct import distinct
from ..format import KEEP_BITS
from ..layers import Stack, read_stack
from ..network import INPUT, Ints, Quantized, Synapses
from ..populations import CELL_BITS, Numbers, numbers, quantize_exactly
from ..target import Target, Violation
from .bank import MOST_CELLS, MOST_CHANNELS, MOST_SENT, MOST_WORDS, STATE, padded, words

# full steps (z of all levels, i of none) that a state has room for; then it saturates
_GATHERED = 64.0
_SOURCE = "akida 2.19.3, Model.map"


@dataclass(frozen=True, eq=False)
class _Cells:
    """The cells of a layer; arrays are (cell neurons,), relays of o among them.

    held     those that keep something, the chip's
    pattern  +-1 where a gate is heard; the first is heard as +1  # (cell neurons, gates)
    side     -1 where the graph has that sign turned
    weight   of all gates of a neuron, in 2^-16
    keep     4096ths
    unit     which different state a neuron sees; -1 for relays
    """

    held: NDArray[np.bool_]
    pattern: Ints
    side: Ints
    weight: Ints
    keep: Ints
    unit: Ints


def _cells(n: Numbers) -> _Cells:
    signs = np.sign(n.mix).astype(np.int64)
    first = signs[np.arange(len(signs)), (signs != 0).argmax(axis=1)]
    side = np.where(first < 0, -1, 1)
    keep = np.round(n.forget * 2**KEEP_BITS).astype(np.int64)
    pattern, held = signs * side[:, None], keep > 0
    unit = np.full(len(keep), -1)
    _, unit[held] = distinct(np.concatenate([keep[:, None], pattern], axis=1)[held])
    weight = np.round(np.abs(n.mix).max(axis=1) * 2.0**CELL_BITS).astype(np.int64)
    return _Cells(held, pattern, side, weight, keep, unit)


def _reach(pattern: Ints) -> Ints:
    """The largest |x| that gates can bring, each firing once.  # (cell neurons,)"""
    reach: Ints = np.maximum((pattern > 0).sum(1), (pattern < 0).sum(1))
    return reach


def _layers(stack: Stack, dt: float) -> list[Numbers]:
    return [numbers(stack.graph, layer, dt) for layer in stack.layers]


def gates_weigh_alike_in_a_cell(stack: Stack, _target: Target, dt: float) -> list[Violation]:
    """What a cell is sent counts spikes, so that all of them weigh the same."""
    found = []
    for layer, n in zip(stack.layers, _layers(stack, dt), strict=True):
        held = n.mix[_cells(n).held]
        other = (held != 0) & (np.abs(held) != np.abs(held).max(axis=1, initial=0.0)[:, None])
        if other.any():
            where = f"{int(other.any(axis=1).sum())} neurons of {layer.cell}"
            limit = "+-1 times one weight a neuron"
            remedy = "write the network with to_nir"
            rule = "gates_weigh_alike_in_a_cell"
            found.append(Violation(rule, where, "gates of other weights", limit, remedy))
    return found


def a_cell_is_sent_a_byte(stack: Stack, _target: Target, dt: float) -> list[Violation]:
    """What gates add up to in a step goes to the chip in 8 bits."""
    found = []
    for layer, n in zip(stack.layers, _layers(stack, dt), strict=True):
        cells = _cells(n)
        most = int(_reach(cells.pattern)[cells.held].max(initial=0))
        if most > MOST_SENT:
            have, limit = f"up to {most} spikes in a step", f"{MOST_SENT}, a byte ({_SOURCE})"
            remedy = "use fewer levels"
            found.append(Violation("a_cell_is_sent_a_byte", layer.cell, have, limit, remedy))
    return found


def cells_fit_the_bank(stack: Stack, _target: Target, dt: float) -> list[Violation]:
    """Channels, in powers of two, and the memory of the projections hold one state a unit."""
    units = sum(int(_cells(n).unit.max(initial=-1)) + 1 for n in _layers(stack, dt))
    channels = padded(units)
    have = {
        "state channels": (channels, MOST_CHANNELS),
        "64-bit words of filter memory": (words(channels), MOST_WORDS),
    }
    return [
        Violation(
            "cells_fit_the_bank",
            f"{units} cells",
            f"{count} {what}",
            f"{limit} ({_SOURCE})",
            f"use at most {MOST_CELLS} units in all layers",
        )
        for what, (count, limit) in have.items()
        if count > limit
    ]


RULES = (gates_weigh_alike_in_a_cell, a_cell_is_sent_a_byte, cells_fit_the_bank)


def population(graph: nir.NIRGraph, target: Target, dt: float) -> Quantized:
    """The graph with its cells in the bank's integers; what their rounding does is in `notes`."""
    stack = read_stack(graph)
    if stack is None:
        raise ValueError("only a graph that passed the rules is quantised")
    exact = quantize_exactly(graph, target, dt)
    groups = {group.name: group for group in exact.groups}
    synapses = {(each.source, each.target): each for each in exact.synapses}
    notes = ["on the host, exactly: gates, thresholds, relays, the readout, and every step's loop"]
    entry = replace(exact.entry, clocks=tuple(range(1, len(stack.layers))))
    below = INPUT
    for index, n in enumerate(_layers(stack, dt)):
        gates, cells = groups[n.gates], _cells(n)
        scale = _scales(cells)
        state = scale * 2**CELL_BITS // np.maximum(cells.weight, 1)
        group = groups[n.cell]
        threshold = np.where(cells.held, cells.side * state, group.threshold)
        groups[n.cell] = replace(group, threshold=threshold, tick=index)
        into, mixed = synapses[below, n.gates], synapses[n.gates, n.cell]
        heard = np.where(cells.held[:, None], cells.pattern * scale[:, None], mixed.weight)
        synapses[n.gates, n.cell] = replace(mixed, weight=heard)
        notes.append(_told(n.cell, cells, scale))
        if index == 0:
            idle = np.zeros((len(gates), len(entry.clocks)), np.int64)
            wide = np.concatenate([into.weight, idle], axis=1)
            synapses[below, n.gates] = replace(into, weight=wide)
        else:
            clock = np.zeros((len(gates), entry.channels), np.int64)
            clock[:, entry.inputs + index - 1] = gates.bias
            synapses[INPUT, n.gates] = Synapses(INPUT, n.gates, clock, 0)
            synapses[below, n.gates] = replace(into, delay=1)
            groups[n.gates] = replace(gates, bias=0 * gates.bias, tick=index)
        below = n.cell
    if stack.readout:
        groups[stack.readout] = replace(groups[stack.readout], tick=len(stack.layers) - 1)
    return replace(
        exact,
        entry=entry,
        groups=tuple(groups.values()),
        synapses=tuple(synapses.values()),
        notes=tuple(notes),
    )


def _scales(cells: _Cells) -> Ints:
    """States that a spike adds: the power of two that 16 bits have room for.  # (cell neurons,)"""
    gathered = 1.0 / np.maximum(1.0 - cells.keep / 2**KEEP_BITS, 1.0 / _GATHERED)
    room = -STATE.low / (np.maximum(_reach(cells.pattern), 1) * gathered)
    scale: Ints = 2 ** np.floor(np.log2(room)).astype(np.int64)
    return scale


def _told(name: str, cells: _Cells, scale: Ints) -> str:
    held = cells.held
    if not held.any():
        return f"{name}: no cell keeps anything, so that the chip has none"
    rounded = 0.5 / scale[held]
    lasting = rounded / (1.0 - np.minimum(cells.keep[held] / 2**KEEP_BITS, 1.0 - 2.0**-KEEP_BITS))
    first = 2.0**CELL_BITS / max(int(cells.weight[held].max()), 1)
    return (
        f"{name}: {int(cells.unit.max()) + 1} cells in the chip's bank, their states rounded by "
        f"{float(rounded.max()):.3g} spikes a step at most, and in all by "
        f"{float(lasting.max()):.3g}, where the first neuron fires at {first:.3g}"
    )
