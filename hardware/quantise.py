"""Real weights to a chip's integers: one scale per neuron, thresholds and biases with it."""

from __future__ import annotations

import nir
import numpy as np

from .chain import Array, read_chain
from .network import INPUT, Entry, Exit, Ints, Neurons, Quantized, Synapses
from .target import Target


def quantize_chain(graph: nir.NIRGraph, target: Target, dt: float) -> Quantized:
    """A chain without violations in integers, and what rounding changed.

    Numbers that are the chip's own integers already stay as they are. Otherwise every neuron has
    its own scale, so that an outlier of one does not silence the others: its largest weight
    becomes the largest integer, and its threshold and bias are scaled alike.
    """
    chain = read_chain(graph)
    if chain is None:
        raise ValueError("only a graph that passed the rules is quantised")
    top = 2 ** (target.format.weight_bits - 1) - 1
    high = target.format.potential.high
    groups, whole, notes = [], [], []
    for name, weights, node, spikes in (
        ("n2_hidden", np.concatenate([chain.w_in, chain.w_rec], axis=1), chain.hidden, None),
        ("n5_readout", chain.w_out, chain.readout, 1),
    ):
        threshold = np.asarray(node.v_threshold, np.float64)
        bias = np.broadcast_to(np.asarray(node.v_leak, np.float64), threshold.shape)
        scale = _scales(weights, threshold, bias, top=top, high=high)
        rounded = np.round(weights * scale[:, None])
        whole.append(rounded.astype(np.int64))
        groups.append(
            Neurons(
                name,
                np.clip(np.round(threshold * scale), 1, high).astype(np.int64),
                np.clip(np.round(bias * scale), -high - 1, high).astype(np.int64),
                _dash(node.tau_syn, dt, len(threshold)),
                _dash(node.tau_mem, dt, len(threshold)),
                target.limits.spikes if spikes is None else spikes,
            )
        )
        error = np.abs(rounded / scale[:, None] - weights).max(initial=0.0)
        if error > 0:
            largest = np.abs(weights).max(initial=0.0)
            notes.append(
                f"{name}: weights rounded to {target.format.weight_bits} bits, largest error "
                f"{error:.3g} of {largest:.3g}"
            )
    split, late = chain.w_in.shape[1], target.latency
    return Quantized(
        target.name,
        dt,
        Entry(split, "counts", most=target.limits.input_spikes),
        Exit("n5_readout"),
        tuple(groups),
        (
            Synapses(INPUT, "n2_hidden", whole[0][:, :split], late.enter),
            Synapses("n2_hidden", "n2_hidden", whole[0][:, split:], late.loop),
            Synapses("n2_hidden", "n5_readout", whole[1], late.leave),
        ),
        notes=tuple(notes),
    )


def _scales(weights: Array, threshold: Array, bias: Array, *, top: int, high: int) -> Array:
    """Per neuron; 1 where all numbers are integers in range already.  # (neurons,)"""
    states = np.maximum(np.abs(threshold), np.abs(bias))
    peak = np.abs(weights).max(axis=1, initial=0.0)
    whole = (weights == np.round(weights)).all(axis=1) & (threshold == np.round(threshold))
    whole &= (bias == np.round(bias)) & (peak <= top) & (states <= high)
    with np.errstate(divide="ignore"):
        fitting = np.minimum(top / peak, high / states)
    fitting = np.where(np.isfinite(fitting), fitting, 1.0)
    scales: Array = np.where(whole, 1.0, fitting)
    return scales


def _dash(tau: Array, dt: float, size: int) -> Ints:
    ratio = np.broadcast_to(np.asarray(tau, np.float64) / dt, (size,))
    dash: Ints = np.round(np.log2(ratio)).astype(np.int64)
    return dash
