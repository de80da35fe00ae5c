"""From a model's inputs to ticks of a chip and back: what goes in, and what is read of a trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, GridError, ShapeError

from .network import INPUT, Entry, Ints, Quantized, payload_bits
from .saying import SAYINGS


@dataclass(frozen=True, eq=False)
class Trace:
    """What a chip did, tick by tick.

    spikes      of every group that can fire, signed numbers of those whose spikes are graded
                # {"l0_n2_gates": (batch, ticks, neurons)}
    potentials  after reset, of the watched groups, the exit always among them
    currents    of the same groups
    overflows   sums that did not fit their word; None where the simulator does not tell
    """

    spikes: Mapping[str, NDArray[Any]]
    potentials: Mapping[str, Ints]
    currents: Mapping[str, Ints] = field(default_factory=dict)
    overflows: int | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """What a network did, step by step of the model.

    spikes   of every group at the tick where it says its value  # (batch, time, neurons)
    outputs  # (batch, time, outputs)
    fired    spikes of all neurons at all ticks, a graded one counted once, per sample  # (batch,)
    synops   synaptic operations of spikes, those of clocks and digits too  # (batch,)
    macs     multiplications of graded inputs  # (batch,)
    payload  bits of the numbers that graded spikes carried  # (batch,)
    updates  neurons times ticks, per sample
    ticks    that the chip ran
    arriving what the input channels carried  # (batch, ticks, channels)
    trace    the ticks themselves
    """

    spikes: Mapping[str, NDArray[Any]]
    outputs: NDArray[np.float64]
    fired: Ints
    synops: Ints
    macs: Ints
    payload: Ints
    updates: int
    ticks: int
    arriving: Ints
    trace: Trace


def entered(network: Quantized, inputs: NDArray[Any]) -> Ints:
    """What the input channels carry at every tick.

    inputs   (batch, time, inputs)
    returns  (batch, ticks, channels), time * network.ticks and what the last step takes to come out

    Raises ShapeError for other axes, ConfigError for NaN and for counts that are no whole numbers
    or too large, GridError for inputs off the grid or beyond the digits.
    """
    entry = network.entry
    if inputs.ndim != 3 or inputs.shape[1] < 1 or inputs.shape[2] != entry.inputs:
        raise ShapeError(
            f"inputs have shape {inputs.shape}; expected (batch, time >= 1, {entry.inputs})"
        )
    if not np.isfinite(inputs).all():
        raise ConfigError("inputs hold NaN or infinity")
    batch, steps = inputs.shape[:2]
    ticks = (steps - 1) * network.ticks + 1 + network.last_tick
    found = np.zeros((batch, ticks, entry.channels), np.int64)
    carried = WAYS[entry.way](inputs, entry)
    found[:, : steps * network.ticks : network.ticks, : carried.shape[2]] = carried
    often = 1 if entry.way == "changes" else steps
    for index, tick in enumerate(entry.clocks):
        at = carried.shape[2] + index
        found[:, tick : tick + often * network.ticks : network.ticks, at] = 1
    return found


def _counts(inputs: NDArray[Any], entry: Entry) -> Ints:
    if not np.array_equal(inputs, np.round(inputs)) or inputs.min(initial=0) < 0:
        raise ConfigError("inputs of this chip are spike counts: whole numbers, 0 or more")
    if entry.most is not None and inputs.max(initial=0) > entry.most:
        raise ConfigError(
            f"an input channel fires {int(inputs.max())} times in a step; the chip takes "
            f"{entry.most}"
        )
    return inputs.astype(np.int64)


def _graded(inputs: NDArray[Any], entry: Entry) -> Ints:
    exact = inputs.astype(np.float64) * 2.0**entry.bits
    if not np.array_equal(exact, np.round(exact)):
        raise GridError(f"inputs are no multiples of 2^-{entry.bits}; round them first")
    whole, half = exact.astype(np.int64), 2 ** (entry.digits - 1)
    if entry.digits > 1 and (whole.min(initial=0) < -half or whole.max(initial=0) >= half):
        raise GridError(
            f"inputs lie outside {-half}..{half - 1} units of 2^-{entry.bits}, which "
            f"{entry.digits} digits hold; clip them first"
        )
    return whole


def _changes(inputs: NDArray[Any], entry: Entry) -> Ints:
    return np.diff(_graded(inputs, entry), axis=1, prepend=0)


def _digits(inputs: NDArray[Any], entry: Entry) -> Ints:
    whole = _graded(inputs, entry)
    digits = (whole[..., None] >> np.arange(entry.digits)) & 1
    return digits.reshape(*whole.shape[:2], -1)


WAYS: dict[str, Callable[[NDArray[Any], Entry], Ints]] = {
    "changes": _changes,
    "counts": _counts,
    "digits": _digits,
    "graded": _graded,
}


def told(network: Quantized, arriving: Ints, trace: Trace, steps: int) -> Run:
    """The run that a trace is; one function for our emulator and every vendor's simulator."""
    spikes = {
        group.name: _of_steps(trace.spikes[group.name], group.tick, network.ticks, steps)
        for group in network.groups
        if group.name in trace.spikes
    }
    out = next(group for group in network.groups if group.name == network.exit.group)
    said = trace.spikes if network.exit.reads == "spikes" else trace.potentials
    outputs = _of_steps(said[out.name], out.tick, network.ticks, steps)
    emitted = {
        group.name: SAYINGS[group.says].events(trace.spikes[group.name])
        for group in network.groups
        if group.name in trace.spikes
    }
    synops, macs = _events(network, arriving, emitted)
    fired, payload = np.zeros((2, len(arriving)), np.int64)
    for group in network.groups:
        if group.name in emitted:
            fired += emitted[group.name].sum(1)
            payload += emitted[group.name].sum(1) * payload_bits(group)
    return Run(
        spikes=spikes,
        outputs=outputs * network.exit.unit,
        fired=fired,
        synops=synops,
        macs=macs,
        payload=payload,
        updates=sum(map(len, network.groups)) * arriving.shape[1],
        ticks=arriving.shape[1],
        arriving=arriving,
        trace=trace,
    )


def _of_steps(values: NDArray[Any], tick: int, ticks: int, steps: int) -> NDArray[Any]:
    return values[:, tick : tick + (steps - 1) * ticks + 1 : ticks]


def _events(network: Quantized, arriving: Ints, emitted: Mapping[str, Ints]) -> tuple[Ints, Ints]:
    """Spikes times the synapses that they travel, and multiplications, per sample.

    emitted  how often each neuron spoke  # {"l0_n2_gates": (batch, neurons)}

    A spike pays for its synapses when it is emitted, in the last tick as in any other.
    """
    entry = network.entry
    given = arriving.sum(1)
    graded = np.zeros_like(given)
    if entry.way in ("changes", "graded"):
        graded[:, : entry.inputs] = (arriving[:, :, : entry.inputs] != 0).sum(1)
        given[:, : entry.inputs] = 0
    synops = np.zeros(len(arriving), np.int64)
    macs = np.zeros(len(arriving), np.int64)
    for each in network.synapses:
        fan_out = np.count_nonzero(each.weight, axis=0)
        if each.source == INPUT:
            synops += given @ fan_out
            macs += graded @ fan_out
        elif each.source in emitted:
            synops += emitted[each.source] @ fan_out
    return synops, macs
