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
from ..target import Target
from ..violation import Violation
from .device import Device
from .files import program_of
from .fold import trailing_zeros
from .storage import stored

# rounding stops before the largest weight becomes less than so many units
_LEAST_WEIGHT, _MOST_BITS = 32, 24
# inputs of files that do not say how large they are
_LARGEST_INPUT = 8.0
_LANES = (1, 2, 4, 8, 16)


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
        storage = stored(program_of(made, target.format, device.lanes), device)
        if storage.fits:
            return _noted(exact, made, finest - dropped, device) if dropped else exact
    return exact


def _spare(network: Quantized, how: Format, device: Device) -> int:
    """Bits that every weight must lose at least before block RAM can hold the network.

    The widest weight cannot lose more of its width than that.
    """
    program = program_of(network, how, device.lanes)
    memory = program.memories["weights"]
    for dropped in range(program.parameters["WEIGHT"] - 1):
        left = replace(memory, width=memory.width - dropped * device.lanes)
        lighter = replace(program, memories={**program.memories, "weights": left})
        if stored(lighter, device).fits:
            return dropped
    return _MOST_BITS


def memories_fit(stack: Stack, target: Target, dt: float, *, device: Device) -> list[Violation]:
    """Block RAM holds weights, rows and states."""
    network = target.quantize(stack.graph, target, dt)
    each = {lanes: stored(program_of(network, target.format, lanes), device) for lanes in _LANES}
    have = each[device.lanes]
    if have.fits:
        return []
    best = min(each, key=lambda lanes: (each[lanes].block_rams, lanes))
    least = each[best].block_rams
    units = int(np.sqrt(device.block_rams / least) * stack.neurons)
    remedy = (
        f"{best} lanes need {least}"
        + ("" if each[best].fits else ", and no number of lanes is enough")
        + f"; about {units} neurons would fit: take fewer units, coarser weights (quantize with "
        "fewer weight_bits), or a larger FPGA"
    )
    return [
        Violation(
            "memories_fit",
            "weights, rows and states",
            f"{have.block_rams} block RAMs and {have.logic_bits} bits in logic",
            f"{device.block_rams} and {device.logic_bits}",
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


def _noted(exact: Quantized, made: Quantized, fraction: int, device: Device) -> Quantized:
    largest = error = 0.0
    for before, after in zip(_plain(exact), _plain(made), strict=True):
        size = 2.0 ** -_unit(exact, before)
        off = (after.weight << (after.shift - before.shift)) - before.weight
        error = max(error, float(np.abs(off).max(initial=0)) * size)
        largest = max(largest, float(np.abs(before.weight).max(initial=0)) * size)
    note = (
        f"weights rounded to multiples of 2^-{fraction}, largest error {error:.3g} of "
        f"{largest:.3g}: exact ones do not fit the {device.block_rams} block RAMs"
    )
    return replace(made, notes=(*made.notes, note))


def _input_digits(graph: nir.NIRGraph, bits: int) -> int:
    """Signed bits of an input, from what the file says of its largest magnitude."""
    try:
        largest = float(json.loads(graph.metadata["subspike"])["grid"]["input_max"])
    except (AttributeError, KeyError, TypeError, ValueError):
        largest = _LARGEST_INPUT
    return int(largest * 2**bits).bit_length() + 1
