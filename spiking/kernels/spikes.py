"""A spiking layer over time: in torch, step by step, and in the C++ core, from events."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .build import core
from .cpu import CODES, at, fresh, packed, rate_backward

FEWEST_DENSE_ROWS = 2  # the core forms no dense product of so few rows
_SMALL = 10**6  # synaptic weights met by a call below which threads cost more than they bring


class Layer(NamedTuple):
    """What a layer of population-coded units computes with; rows are z, i, o.

    weight_ih       per unit of input, or per spike from below       # (3 * hidden, input)
    weight_hh       per recurrent spike, R / K                       # (3 * hidden, hidden)
    bias            (3 * hidden,)
    forget          constant f                                       # (hidden,) float64
    threshold       of a drive                                       # (levels,)
    cell_threshold  of a cell in quanta                              # (levels,) float64
    signs           +1 fires above its threshold, -1 below           # (levels,)
    activation      "sigmoid" or "hard_sigmoid"
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor
    forget: Tensor
    threshold: Tensor
    cell_threshold: Tensor
    signs: Tensor
    activation: str


class Spiked(NamedTuple):
    """What a layer did; time first. Only what was asked for is filled, the rest is empty.

    counts   signed counts K h                                  # (time, batch, hidden) float32
    cell     cell in quanta after the last step                 # (batch, hidden) float64
    totals   neurons that fired, of z, i, o and s               # (4, batch, hidden) int32
    gates    signed counts of z, i, o                           # (time, batch, 3, hidden) int16
    outputs  signed counts of s                                 # (time, batch, hidden) int16
    cells    cell in quanta after each step                     # (time, batch, hidden) float64
    values   act(drive), unrounded                              # (time, batch, 3, hidden)
    levels   cell as a value, quanta / K                        # (time, batch, hidden) float32
    """

    counts: Tensor
    cell: Tensor
    totals: Tensor
    gates: Tensor
    outputs: Tensor
    cells: Tensor
    values: Tensor
    levels: Tensor


class _Call(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int32)
        for name in (
            "steps",
            "batch",
            "hidden",
            "inputs",
            "above",
            "below",
            "workers",
            "activation",
        )
    )


class _Weights(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in (
            "in_columns",
            "columns",
            "in_packed",
            "packed",
            "bias",
            "gate_above",
            "gate_below",
            "cell_above",
            "cell_below",
            "forget",
        )
    )


class _Results(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in (
            "counts",
            "cell",
            "gates",
            "outputs",
            "cells",
            "values",
            "levels",
            "totals",
            "lengths",
        )
    )


@torch.no_grad()
def run_events(
    x: Tensor,
    layer: Layer,
    counts: Tensor,
    cell: Tensor,
    *,
    lengths: Tensor | None = None,
    record: bool = False,
    learn: bool = False,
) -> Spiked:
    """The layer over x (time, batch, input) in the C++ core; no gradient.

    counts   signed counts before the first step        # (batch, hidden)
    cell     cell in quanta before it                   # (batch, hidden) float64
    lengths  steps whose spikes count in `totals`       # (batch,)
    record   fill gates, outputs and cells
    learn    fill values and levels, which a backward needs

    On the fixed-point grid it equals the definition bit for bit; off it sums may round otherwise.
    """
    library = core().library
    if library is None:
        raise RuntimeError(core().detail)
    x, counts = x.contiguous(), counts.contiguous()
    steps, batch, inputs = x.shape
    hidden = counts.shape[1]
    up, down = layer.signs > 0, layer.signs < 0
    dense = batch > FEWEST_DENSE_ROWS
    # the arrays must outlive the call, so they are kept by name
    kept = {
        "in_columns": columns_of(layer.weight_ih, hidden),
        "columns": columns_of(layer.weight_hh, hidden),
        "in_packed": packed(layer.weight_ih, 3, hidden) if dense else None,
        "packed": packed(layer.weight_hh, 3, hidden) if dense else None,
        "bias": pad_to_vectors(layer.bias.view(3, hidden)),
        "gate_above": layer.threshold[up].contiguous(),
        "gate_below": layer.threshold[down].contiguous(),
        "cell_above": layer.cell_threshold[up].contiguous(),
        "cell_below": layer.cell_threshold[down].contiguous(),
        "forget": pad_to_vectors(layer.forget),
    }
    none = x.new_empty(0)
    shape = (steps, batch, hidden)
    made = Spiked(
        counts=fresh(x, *shape),
        cell=cell.contiguous().clone(),
        totals=torch.empty(4, batch, hidden, dtype=torch.int32),
        gates=torch.empty(steps, batch, 3, hidden, dtype=torch.int16) if record else none,
        outputs=torch.empty(shape, dtype=torch.int16) if record else none,
        cells=torch.empty(shape, dtype=torch.float64) if record else none,
        values=fresh(x, steps, batch, 3, hidden) if learn else none,
        levels=fresh(x, *shape) if learn else none,
    )
    limits = None if lengths is None else lengths.to(torch.int64).contiguous()
    results = {name: at(value) for name, value in made._asdict().items() if value.numel()}
    threads = torch.get_num_threads()
    small = steps * batch * 3 * hidden * (hidden + inputs) < _SMALL
    workers = 1 if small or batch < 2 * threads else threads
    above = int(up.sum())
    library.spike_forward(
        ctypes.byref(
            _Call(
                steps,
                batch,
                hidden,
                inputs,
                above,
                len(layer.signs) - above,
                workers,
                CODES[layer.activation],
            )
        ),
        ctypes.byref(_Weights(**{name: at(value) for name, value in kept.items()})),
        at(x),
        at(counts),
        ctypes.byref(_Results(**results, lengths=at(limits))),
    )
    return made


def rasters(counts: Tensor, signs: Tensor) -> Tensor:
    """Which neurons fired, from signed counts: a population fires from its rest outwards.

    counts   (...,) signed
    returns  (..., levels) bool
    """
    below = int((signs < 0).sum())
    rank = torch.arange(len(signs)) - below
    rank = torch.where(signs > 0, rank + 1, rank)
    reached: Tensor = signs * counts.unsqueeze(-1) >= rank.abs()
    return reached


def columns_of(weight: Tensor, hidden: int) -> Tensor:
    """(gates * hidden, columns) -> (columns, gates, hidden padded to whole vectors)."""
    return torch.stack(
        [pad_to_vectors(rows) for rows in weight.t().split(hidden, dim=1)], 1
    ).contiguous()


def pad_to_vectors(values: Tensor) -> Tensor:
    """(..., n) padded with zeros to whole vectors of the core, contiguous."""
    lanes = core().library.vector_length()  # type: ignore[union-attr]  # the caller has checked it
    return torch.nn.functional.pad(values, (0, -values.shape[-1] % lanes)).contiguous()


class Twin(NamedTuple):
    """The layer with gradients; time first.

    counts  signed counts K h                                      # (time, batch, hidden)
    levels  cell as a value c, without gradient                    # (time, batch, hidden)
    gates   signed counts of z, i, o, without gradient; empty unless asked for
                                                                   # (time, batch, 3, hidden)
    """

    counts: Tensor
    levels: Tensor
    gates: Tensor


def run_twin(x: Tensor, layer: Layer, *, gates: bool) -> Twin:
    """`run_events` from silence, differentiable: the rounding passes gradients straight through.

    x  (time, batch, input)

    The gradient is that of the unrounded equations at the rounded values, so it is the backward
    of the rate kernel.
    """
    counts, levels, fired, _ = _twin(x, *layer[:-1], CODES[layer.activation], gates)
    return Twin(counts, levels, fired)


@torch.library.custom_op("subspike::spikes", mutates_args=())
def _twin(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    forget: Tensor,
    threshold: Tensor,
    cell_threshold: Tensor,
    signs: Tensor,
    activation: int,
    gates: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    name = next(name for name, code in CODES.items() if code == activation)
    layer = Layer(weight_ih, weight_hh, bias, forget, threshold, cell_threshold, signs, name)
    shape = (x.shape[1], len(forget))
    silence = x.new_zeros(shape), torch.zeros(shape, dtype=torch.float64)
    done = run_events(x, layer, *silence, record=gates, learn=True)
    return done.counts, done.levels, done.gates, done.values


@_twin.register_fake
def _(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    forget: Tensor,
    threshold: Tensor,
    cell_threshold: Tensor,
    signs: Tensor,
    activation: int,
    gates: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    shape = (x.shape[0], x.shape[1], len(forget))
    whole = (x.shape[0], x.shape[1], 3, len(forget))
    fired = x.new_empty(whole, dtype=torch.int16) if gates else x.new_empty(0)
    return x.new_empty(shape), x.new_empty(shape), fired, x.new_empty(whole)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, weight_ih, weight_hh, bias, forget, *_, activation, _ = inputs
    counts, levels, gates, values = output
    ctx.mark_non_differentiable(levels, gates, values)
    ctx.activation = activation
    ctx.levels = len(inputs[5])
    ctx.save_for_backward(x, weight_ih, weight_hh, bias, forget, counts, levels, values)


def _differentiate(ctx: Any, grad_counts: Tensor, *_: Tensor) -> tuple[Any, ...]:
    activations = [ctx.activation] * 4
    found = straight_through(
        ctx.saved_tensors, grad_counts, ctx.levels, activations, needs_x=ctx.needs_input_grad[0]
    )
    return (*found, None, None, None, None, None)


def straight_through(
    saved: Sequence[Tensor],
    grad_counts: Tensor,
    levels: float,
    activations: list[int],
    *,
    needs_x: bool,
) -> tuple[Tensor | None, ...]:
    """Gradients of x, weight_ih, weight_hh, bias and forget where rounding passes them through.

    saved        x, those four, counts in quanta, cells and gates as values
    activations  of z and i, of o, of f, and of the cell
    """
    x, weight_ih, weight_hh, bias, forget, counts, cells, values = saved
    silence = counts.new_zeros(counts.shape[1:])
    # gradients flow in values: R, not R / K, takes one to h; what h is multiplied with in the
    # product for the weights are counts, so that product is already the gradient of R / K
    d_x, d_in, d_rec, d_bias, d_forget, _, _ = rate_backward(
        x,
        weight_ih,
        weight_hh * levels,
        bias,
        None if forget is None else forget.float(),
        silence,
        silence,
        counts,
        cells,
        values,
        grad_counts * levels,
        None,
        activations,
        needs_x,
    )
    d_forget = None if forget is None else d_forget.to(forget.dtype)
    return d_x if needs_x else None, d_in, d_rec, d_bias, d_forget


_twin.register_autograd(_differentiate, setup_context=_save)
