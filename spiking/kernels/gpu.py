"""The recurrences on a GPU, one launch a sequence, in Triton: who computes what, and gradients.

Up to 64 units the recurrent weights stay near (gpu_near.py), beyond they come tile by tile
(gpu_wide.py). Triton's interpreter runs the same kernels on a CPU (TRITON_INTERPRET=1), which is
how they are tested where there is no GPU.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import triton
from torch import Tensor
from torch.nn.functional import linear

from ..activation import Activation
from . import gpu_near, gpu_wide
from .cpu import CODES
from .reference import Weights
from .spikes import Layer, Twin

_ROWS = 16
_NEAR = 64  # units whose recurrent weights a program holds
_TILE = 64


class Run(NamedTuple):
    """h and c (time, batch, hidden), and gates (time, batch, gates, hidden) without gradient."""

    h: Tensor
    c: Tensor
    gates: Tensor


def run(
    x: Tensor,
    weights: Weights,
    h: Tensor,
    c: Tensor,
    *,
    gate: Activation,
    output: Activation,
    bf16: bool = False,
) -> Run:
    """The rate recurrence over x (time, batch, input), differentiable.

    bf16  round the operands of recurrent products beyond 64 units to bfloat16; sums stay float32
    """
    drive = linear(x, weights.weight_ih, weights.bias)
    rounded = gpu_wide.BF16_WIDENED if triton.knobs.runtime.interpret else gpu_wide.BF16
    choices = CODES[gate.name], CODES[output.name], rounded if bf16 else gpu_wide.EXACT
    return Run(*_Rate.apply(drive, weights.weight_hh, weights.forget, h, c, *choices))  # type: ignore[no-untyped-call]  # torch types no Function


class _Rate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        drive: Tensor,
        recurrent: Tensor,
        forget: Tensor | None,
        h0: Tensor,
        c0: Tensor,
        *choices: int,
    ) -> tuple[Tensor, Tensor, Tensor]:
        drive = drive.contiguous()
        steps, batch, rows = drive.shape
        hidden = h0.shape[1]
        h, c = (torch.cat([each[None], each.new_empty(steps, *each.shape)]) for each in (h0, c0))
        gates = drive.new_empty(steps, batch, rows // hidden, hidden)
        constant = h0 if forget is None else forget.contiguous()
        sizes = (steps, batch, hidden, rows // hidden)
        if hidden <= _NEAR:
            gpu_near.forward[_grid(batch)](
                *(drive, recurrent.contiguous(), constant, h0.contiguous(), c0.contiguous()),
                *(h[1:], c[1:], gates, *sizes, _width(hidden), _ROWS, *choices[:2]),
            )
        else:
            turned = recurrent.t().contiguous()
            gpu_wide.forward[_grid(batch)](
                drive, turned, constant, h, c, gates, *sizes, _TILE, _ROWS, *choices
            )
        ctx.save_for_backward(recurrent, constant, h, c, gates)
        ctx.choices, ctx.fixed = choices, forget is not None
        ctx.mark_non_differentiable(gates)
        return h[1:], c[1:], gates

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        recurrent, constant, h, c, gates = ctx.saved_tensors
        d_drive, d_forget, d_h, d_c = _backward(
            recurrent, constant, gates, c, grads[0], grads[1], ctx.choices
        )
        d_recurrent = d_drive.flatten(0, 1).t() @ h[:-1].flatten(0, 1)
        constant_too = d_forget if ctx.fixed else None
        return d_drive, d_recurrent, constant_too, d_h, d_c, None, None, None


def _backward(
    recurrent: Tensor,
    constant: Tensor,
    gates: Tensor,
    cells: Tensor,
    grad_h: Tensor,
    grad_c: Tensor,
    choices: tuple[int, ...],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of the drives (time, batch, gates * hidden), the forget, h0 and c0."""
    steps, batch, parts, hidden = gates.shape
    d_h, d_c, d_forget = (cells.new_zeros(batch, hidden) for _ in range(3))
    d_drive = torch.empty_like(gates)
    given = (recurrent.contiguous(), constant, gates, cells)
    made = (grad_h.contiguous(), grad_c.contiguous(), d_h, d_c, d_drive, d_forget)
    sizes = (steps, batch, hidden, parts)
    if hidden <= _NEAR:
        gpu_near.backward[_grid(batch)](*given, *made, *sizes, _width(hidden), _ROWS, *choices[:2])
    else:
        gpu_wide.backward[_grid(batch)](*given, *made, *sizes, _TILE, _ROWS, *choices)
    return d_drive.flatten(2), d_forget.sum(0), d_h, d_c


class Fired(NamedTuple):
    """What spiked, and what a backward needs where it was asked for.

    counts  signed counts K h                 # (time, batch, hidden)
    cell    cell in quanta at the end         # (batch, hidden) float64
    values  act(drive), unrounded             # (time, batch, 3, hidden)
    levels  cell as a value                   # (time, batch, hidden)
    """

    counts: Tensor
    cell: Tensor
    values: Tensor
    levels: Tensor


@torch.no_grad()
def run_spikes(
    x: Tensor, layer: Layer, counts: Tensor, cell: Tensor, *, learn: bool = False
) -> Fired:
    """A population-coded layer, as `run_events` gives it, equal to it on the grid."""
    drive = linear(x, layer.weight_ih, layer.bias).contiguous()
    steps, batch, rows = drive.shape
    hidden = rows // 3
    up, down = layer.signs > 0, layer.signs < 0
    said = torch.cat([counts[None], drive.new_empty(steps, batch, hidden)])
    cell = cell.contiguous().clone()
    values = drive.new_empty((steps, batch, 3, hidden) if learn else (1,))
    levels = drive.new_empty((steps, batch, hidden) if learn else (1,))
    thresholds = [
        each[side].contiguous()
        for each in (layer.threshold, layer.cell_threshold)
        for side in (up, down)
    ]
    given = (layer.forget.contiguous(), *thresholds)
    sizes = (steps, batch, hidden, int(up.sum()), int(down.sum()))
    code = CODES[layer.activation]
    # fp_fusion: the cell's product and sum are rounded one by one
    if hidden <= _NEAR:
        near = layer.weight_hh.contiguous()
        gpu_near.fire[_grid(batch)](
            *(drive, near, *given, said[:1], cell, said[1:], values, levels, *sizes),
            *(_width(hidden), _ROWS, code, learn),
            enable_fp_fusion=False,
        )
    else:
        turned = layer.weight_hh.t().contiguous()
        gpu_wide.fire[_grid(batch)](
            *(drive, turned, *given, said, cell, values, levels, *sizes),
            *(_TILE, _ROWS, code, learn),
            enable_fp_fusion=False,
        )
    return Fired(said[1:], cell, values, levels)


def run_twin(x: Tensor, layer: Layer) -> Twin:
    """`run_spikes` from silence, differentiable: the rounding passes gradients straight through."""
    learned = (layer.weight_ih, layer.weight_hh, layer.bias, layer.forget)
    counts, levels = _Twin.apply(x, *learned, layer)  # type: ignore[no-untyped-call]  # torch types no Function
    return Twin(counts, levels, x.new_empty(0))


class _Twin(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *given: Any) -> tuple[Tensor, Tensor]:
        *learned, layer = given
        silence = x.new_zeros(x.shape[1], len(layer.forget))
        done = run_spikes(x, layer, silence, silence.double(), learn=True)
        ctx.quanta, ctx.code = len(layer.signs), CODES[layer.activation]
        ctx.mark_non_differentiable(done.levels)
        ctx.save_for_backward(x, *learned, done.counts, done.levels, done.values)
        return done.counts, done.levels

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight_ih, weight_hh, _, forget, counts, levels, values = ctx.saved_tensors
        silence = levels.new_zeros(1, *levels.shape[1:])
        # as in spikes.straight_through: gradients flow in values, counts stand in the product
        d_drive, d_forget, _, _ = _backward(
            weight_hh * ctx.quanta,
            forget.float(),
            values,
            torch.cat([silence, levels]),
            grads[0] * ctx.quanta,
            torch.zeros_like(levels),
            (ctx.code, ctx.code, gpu_wide.EXACT),
        )
        flat = d_drive.flatten(0, 1)
        before = torch.cat([silence, counts])[:-1].flatten(0, 1)
        d_in, d_rec = flat.t() @ x.flatten(0, 1), flat.t() @ before
        return d_drive @ weight_ih, d_in, d_rec, flat.sum(0), d_forget.to(forget.dtype), None


def _grid(batch: int) -> tuple[int]:
    return (triton.cdiv(batch, _ROWS),)


def _width(hidden: int) -> int:
    return max(16, int(triton.next_power_of_2(hidden)))
