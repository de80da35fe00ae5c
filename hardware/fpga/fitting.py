"""Weights just narrow enough for the block RAM of an FPGA."""

from __future__ import annotations

import json
from dataclasses import replace

import nir
import numpy as np

from ..format import Format
from ..layers import Stack
from ..network import INPUT, Quantized, Synapses, group_named
from ..populations import quantize_exactly
from ..target import Target, Violation
from .device import Device, block_rams, total
from .fold import folded, trailing_zeros
from .program import Program, programmed

# rounding stops before the largest weight becomes less than so many units
_LEAST_WEIGHT, _MOST_BITS = 32, 24
# inputs of files that do not say how large they are
_LARGEST_INPUT = 8.0
_LANES = (1, 2, 4, 8, 16)


def needed(network: Quantized, how: Format, device: Device, lanes: int) -> dict[str, int]:
    """Block RAMs of every memory of the network's core."""
    return block_rams(_program(network, how, lanes), device)


def _program(network: Quantized, how: Format, lanes: int) -> Program:
    return programmed(folded(network), lanes=lanes, inputs=network.entry.digits, word=how.current)


def quantize_to_fit(graph: nir.NIRGraph, target: Target, dt: float, *, device: Device) -> Quantized:
    """The exact integers; where block RAM does not hold them, weights rounded to fewer bits.

    The weights of gates and readout become multiples of 2^-f, with the largest f that fits.
    Biases, thresholds, decays and the cells' weights stay exact. Where no f fits the exact
    network is returned, and `check` says what is missing.
    """
    exact = quantize_exactly(graph, target, dt)
    digits = _input_digits(graph, exact.entry.bits)
    exact = replace(exact, entry=replace(exact.entry, digits=digits))
    finest = max(_fraction(exact, each) for each in _plain(exact))
    for dropped in range(_spare(exact, target.format, device), _MOST_BITS):
        made = exact if dropped == 0 else _rounded(exact, finest - dropped)
        if max(int(np.abs(each.weight).max(initial=0)) for each in _plain(made)) < _LEAST_WEIGHT:
            break
        used = total(needed(made, target.format, device, device.lanes))
        if used <= device.block_rams:
            return _noted(exact, made, finest - dropped, device, used) if dropped else exact
    return exact


def _spare(network: Quantized, how: Format, device: Device) -> int:
    """Bits that every weight must lose at least before block RAM can hold the network.

    The widest weight cannot lose more of its width than that.
    """
    program = _program(network, how, device.lanes)
    rest = total(block_rams(program, device)) - block_rams(program, device)["weights"]
    memory = program.memories["weights"]
    for dropped in range(program.parameters["WEIGHT"]):
        left = replace(memory, width=memory.width - dropped * device.lanes)
        if rest + device.blocks(left) <= device.block_rams:
            return dropped
    return _MOST_BITS


def memories_fit(stack: Stack, target: Target, dt: float, *, device: Device) -> list[Violation]:
    """Block RAM holds weights, rows and states."""
    network = target.quantize(stack.graph, target, dt)
    have = total(needed(network, target.format, device, device.lanes))
    if have <= device.block_rams:
        return []
    each = {lanes: total(needed(network, target.format, device, lanes)) for lanes in _LANES}
    best = min(each, key=lambda lanes: (each[lanes], lanes))
    units = int(np.sqrt(device.block_rams / each[best]) * stack.neurons)
    remedy = (
        f"{best} lanes need {each[best]}"
        + ("" if each[best] <= device.block_rams else ", no number of lanes is enough")
        + f"; a network of about {units} neurons fits: take fewer units, coarser weights "
        "(quantize with fewer weight_bits), or a larger FPGA"
    )
    return [
        Violation(
            "memories_fit",
            "weights, rows and states",
            f"{have} block RAMs",
            str(device.block_rams),
            remedy,
        )
    ]


def _plain(network: Quantized) -> list[Synapses]:
    """Synapses of groups without memory."""
    return [
        each
        for each in network.synapses
        if not group_named(network, each.target).current_decay.any()
    ]


def _unit(network: Quantized, each: Synapses) -> int:
    """Fractional bits of a weight's unit; what it multiplies counts in the model's units."""
    out = network.exit
    if each.target == out.group and out.reads == "potential":
        bits = -int(np.log2(out.unit))
    else:
        bits = int(group_named(network, each.target).threshold[0]).bit_length() - 1
    return bits - (network.entry.bits if each.source == INPUT else 0) - each.shift


def _fraction(network: Quantized, each: Synapses) -> int:
    """Fewest fractional bits that all weights have."""
    digits = int(np.bitwise_or.reduce(each.weight, axis=None, initial=0))
    return _unit(network, each) - trailing_zeros(digits)


def _rounded(network: Quantized, fraction: int) -> Quantized:
    plain = {id(each) for each in _plain(network)}
    return replace(
        network,
        synapses=tuple(
            _coarser(each, _unit(network, each) - fraction) if id(each) in plain else each
            for each in network.synapses
        ),
    )


def _coarser(each: Synapses, bits: int) -> Synapses:
    if bits <= 0:
        return each
    weight = np.round(each.weight / 2.0**bits).astype(np.int64)
    return replace(each, weight=weight, shift=each.shift + bits)


def _noted(
    exact: Quantized, made: Quantized, fraction: int, device: Device, used: int
) -> Quantized:
    largest = error = 0.0
    for before, after in zip(_plain(exact), _plain(made), strict=True):
        size = 2.0 ** -_unit(exact, before)
        off = (after.weight << (after.shift - before.shift)) - before.weight
        error = max(error, float(np.abs(off).max(initial=0)) * size)
        largest = max(largest, float(np.abs(before.weight).max(initial=0)) * size)
    note = (
        f"weights rounded to multiples of 2^-{fraction}, largest error {error:.3g} of "
        f"{largest:.3g}: with them {used} of {device.block_rams} block RAMs hold the network"
    )
    return replace(made, notes=(*made.notes, note))


def _input_digits(graph: nir.NIRGraph, bits: int) -> int:
    """Signed bits of an input, from what the file says of its largest magnitude."""
    try:
        largest = float(json.loads(graph.metadata["subspike"])["grid"]["input_max"])
    except (AttributeError, KeyError, TypeError, ValueError):
        largest = _LARGEST_INPUT
    return int(largest * 2**bits).bit_length() + 1
