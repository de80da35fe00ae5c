"""Real weights to a chip's integers: one scale per neuron, thresholds and biases with it."""

from __future__ import annotations

import nir
import numpy as np

from .chain import Array, read_chain
from .target import Ints, Target


def quantised(
    graph: nir.NIRGraph, target: Target, dt: float
) -> tuple[dict[str, Ints], tuple[str, ...]]:
    """Arrays of a chain without violations, and what rounding changed.

    Numbers that are the chip's own integers already stay as they are. Otherwise every neuron has
    its own scale, so that an outlier of one does not silence the others: its largest weight
    becomes the largest integer, and its threshold and bias are scaled alike.
    """
    chain = read_chain(graph)
    if chain is None:
        raise ValueError("only a graph that passed the rules is quantised")
    top = 2 ** (target.limits.weight_bits - 1) - 1
    high = 2 ** (target.limits.state_bits - 1) - 1
    arrays, notes = {}, []
    groups = {
        "hidden": (np.concatenate([chain.w_in, chain.w_rec], axis=1), chain.hidden),
        "readout": (chain.w_out, chain.readout),
    }
    for name, (weights, node) in groups.items():
        threshold = np.asarray(node.v_threshold, np.float64)
        bias = np.broadcast_to(np.asarray(node.v_leak, np.float64), threshold.shape)
        scale = _scales(weights, threshold, bias, top=top, high=high)
        rounded = np.round(weights * scale[:, None])
        arrays[f"{name}.weight"] = rounded.astype(np.int64)
        arrays[f"{name}.threshold"] = np.clip(np.round(threshold * scale), 1, high).astype(np.int64)
        arrays[f"{name}.bias"] = np.clip(np.round(bias * scale), -high - 1, high).astype(np.int64)
        arrays[f"{name}.dash_syn"] = _dash(node.tau_syn, dt, len(threshold))
        arrays[f"{name}.dash_mem"] = _dash(node.tau_mem, dt, len(threshold))
        error = np.abs(rounded / scale[:, None] - weights).max(initial=0.0)
        if error > 0:
            largest = np.abs(weights).max(initial=0.0)
            notes.append(
                f"{name}: weights rounded to {target.limits.weight_bits} bits, largest error "
                f"{error:.3g} of {largest:.3g}"
            )
    both = arrays.pop("hidden.weight")
    arrays["input.weight"] = both[:, : chain.w_in.shape[1]]
    arrays["recurrent.weight"] = both[:, chain.w_in.shape[1] :]
    return arrays, tuple(notes)


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
