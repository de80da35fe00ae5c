"""The rate recurrence in the C++ core, as torch operators with a gradient."""

from __future__ import annotations

import ctypes
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..activation import Activation
from .build import core
from .reference import Weights

# numbers shared with vector.h
CODES = {"sigmoid": 0, "hard_sigmoid": 1, "tanh": 2, "plan": 3}
# how much a forward keeps for its backward
LAST, ALL, BOUNDARIES = 0, 1, 2

_WIDEST_FUSED_INPUT = 32  # a wider input is projected for all steps in one product
_SMALL = 10**7  # multiplications below which threads cost more than they bring
_CHUNK_ROWS, _CHUNK_BYTES = 512, 2**20


class Call(ctypes.Structure):
    """Dimensions and choices of a call, as rate.cpp declares them."""

    _fields_ = tuple(
        (name, ctypes.c_int32)
        for name in (
            "steps",
            "batch",
            "hidden",
            "inputs",
            "gates",
            "gate_activation",
            "cell_activation",
            "output_activation",
            "forget_activation",
            "workers",
            "keep",
        )
    )


class Kept(NamedTuple):
    """What a run returns.

    h      (time, batch, hidden)
    c      ALL: (time, batch, hidden); BOUNDARIES: after each chunk; LAST: (1, batch, hidden)
    gates  ALL: (time, batch, gates, hidden), else empty
    """

    h: Tensor
    c: Tensor
    gates: Tensor


def usable(x: Tensor) -> bool:
    """Whether the core is there and takes such a tensor: float32 on the CPU."""
    return x.device.type == "cpu" and x.dtype == torch.float32 and core().library is not None


def run(
    x: Tensor,
    weights: Weights,
    h: Tensor,
    c: Tensor,
    *,
    gate: Activation,
    output: Activation,
    keep: int,
) -> Kept:
    """The whole sequence x (time, batch, input) from h and c (batch, hidden); differentiable.

    keep  LAST for inference; ALL for a backward from stored gates, or to look at them;
          BOUNDARIES for a backward that computes gates anew, at a sixth of the memory
    """
    codes = CODES[gate.name], CODES[output.name]
    return Kept(*_rate(x, *weights, h, c, *codes, keep))


@torch.library.custom_op("subspike::rate", mutates_args=())
def _rate(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    forget: Tensor | None,
    h0: Tensor,
    c0: Tensor,
    gate: int,
    output: int,
    keep: int,
) -> tuple[Tensor, Tensor, Tensor]:
    x, h0, c0 = x.contiguous(), h0.contiguous(), c0.contiguous()
    steps, batch, _ = x.shape
    bias = bias.contiguous()
    hidden = h0.shape[1]
    gates = weight_hh.shape[0] // hidden
    size = _chunk(batch, gates * hidden) if keep == BOUNDARIES else max(steps, 1)
    h = fresh(x, steps, batch, hidden)
    kept = steps if keep == ALL else math.ceil(steps / size)
    c = fresh(x, kept, batch, hidden)
    values = fresh(x, *((steps, batch, gates, hidden) if keep == ALL else (0,)))
    fused = x.shape[2] <= _WIDEST_FUSED_INPUT
    drive = None if fused else _drive(x, weight_ih, bias)
    inner = packed(weight_ih, gates, hidden) if fused else None
    outer = packed(weight_hh, gates, hidden)
    constant = None if forget is None else forget.contiguous()
    for index, start in enumerate(range(0, steps, size)):
        end = min(start + size, steps)
        call = _call(end - start, batch, hidden, x.shape[2], gates, gate, output)
        call.inputs, call.keep = (x.shape[2] if fused else 0), int(keep == ALL)
        cells = c if keep == ALL else c[index]
        if keep != ALL:
            cells.copy_(c0 if index == 0 else c[index - 1])
        _library().rate_forward(
            ctypes.byref(call),
            at(x[start:end] if fused else None),
            at(None if drive is None else drive[start:end]),
            at(inner),
            at(bias),
            at(outer),
            at(constant),
            at(h0 if start == 0 else h[start - 1]),
            at(c0 if keep == ALL else cells),
            at(h[start:end]),
            at(cells),
            at(values),
        )
    return h, c, values


@_rate.register_fake
def _(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    forget: Tensor | None,
    h0: Tensor,
    c0: Tensor,
    gate: int,
    output: int,
    keep: int,
) -> tuple[Tensor, Tensor, Tensor]:
    steps, batch, _ = x.shape
    hidden = h0.shape[1]
    gates = weight_hh.shape[0] // hidden
    size = _chunk(batch, gates * hidden) if keep == BOUNDARIES else max(steps, 1)
    kept = steps if keep == ALL else math.ceil(steps / size)
    shape = (steps, batch, gates, hidden) if keep == ALL else (0,)
    return x.new_empty(steps, batch, hidden), x.new_empty(kept, batch, hidden), x.new_empty(shape)


@torch.library.custom_op("subspike::rate_backward", mutates_args=())
def rate_backward(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    forget: Tensor | None,
    h0: Tensor,
    c0: Tensor,
    h: Tensor,
    c: Tensor,
    values: Tensor,
    grad_h: Tensor,
    grad_c: Tensor | None,
    activations: list[int],
    needs_x: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of x, weight_ih, weight_hh, bias, forget, h0 and c0, from what `_rate` returned.

    activations  of z and i, of o, of f, and of the cell

    Where `values` is empty, gates are computed anew chunk by chunk. `d_x` is empty unless needed.
    """
    x, h0, c0 = x.contiguous(), h0.contiguous(), c0.contiguous()
    grad_h = grad_h.contiguous()
    grad_c = None if grad_c is None else grad_c.contiguous()
    steps, batch, inputs = x.shape
    hidden = h0.shape[1]
    rows = weight_hh.shape[0]
    size, stored = _chunk(batch, rows), values.numel() > 0
    d_x = x.new_empty(x.shape if needs_x else (0,))
    d_in, d_rec, d_bias = (torch.zeros_like(w) for w in (weight_ih, weight_hh, bias))
    d_h, d_c = torch.zeros_like(h0), torch.zeros_like(c0)
    gate, out, kept, cell = activations
    call = _call(max(steps, 1), batch, hidden, inputs, rows // hidden, gate, cell)
    call.output_activation, call.forget_activation = out, kept
    d_forget = x.new_zeros((call.workers, hidden), dtype=torch.float64)
    constant = None if forget is None else forget.contiguous()
    back = _packed_wide(weight_hh, rows, hidden)
    room = x.new_empty(min(size, steps), batch, rows)
    for index in reversed(range(math.ceil(steps / size))):
        start, end = index * size, min((index + 1) * size, steps)
        call.steps = end - start
        d_drive, c_start = room[: end - start], c0
        before = h[start - 1 : end - 1] if start else torch.cat([h0[None], h[: end - 1]])
        flat_before = before.reshape(-1, hidden)
        if stored:
            gates, cells = values[start:end], c[start:end]
            c_start = c[start - 1] if start else c0
            grad_cells = None if grad_c is None else grad_c[start:end]
        else:
            drive = _drive(x[start:end], weight_ih, bias)
            drive.view(-1, rows).addmm_(flat_before, weight_hh.t())
            c_start = c[index - 1] if index else c0
            gates, cells = torch.empty_like(drive), x.new_empty(end - start, batch, hidden)
            _library().rate_replay(
                ctypes.byref(call), *map(at, (drive, constant, c_start, cells, gates))
            )
            d_c += 0.0 if grad_c is None else grad_c[index]
            grad_cells = None
        _library().rate_backward(
            ctypes.byref(call),
            *map(at, (back, constant, gates, cells, c_start, grad_h[start:end], grad_cells)),
            *map(at, (d_h, d_c, d_drive, d_forget)),
        )
        flat = d_drive.view(-1, rows)
        d_rec.addmm_(flat.t(), flat_before)
        d_in.addmm_(flat.t(), x[start:end].view(-1, inputs))
        d_bias += flat.sum(0)
        if needs_x:
            torch.mm(flat, weight_ih, out=d_x[start:end].view(-1, inputs))
    return d_x, d_in, d_rec, d_bias, d_forget.sum(0).to(x.dtype), d_h, d_c


@rate_backward.register_fake
def _(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    forget: Tensor | None,
    h0: Tensor,
    c0: Tensor,
    h: Tensor,
    c: Tensor,
    values: Tensor,
    grad_h: Tensor,
    grad_c: Tensor | None,
    activations: list[int],
    needs_x: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    d_x = x.new_empty(x.shape if needs_x else (0,))
    same = [torch.empty_like(each) for each in (weight_ih, weight_hh, bias)]
    return d_x, *same, x.new_empty(h0.shape[1]), torch.empty_like(h0), torch.empty_like(c0)  # type: ignore[return-value]


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    *tensors, gate, cell, _ = inputs
    ctx.activations = [gate, gate, gate, cell]
    ctx.mark_non_differentiable(output[2])
    ctx.save_for_backward(*tensors, *output)


def _differentiate(ctx: Any, grad_h: Tensor, grad_c: Tensor, _: Tensor) -> tuple[Any, ...]:
    needs = ctx.needs_input_grad
    found = rate_backward(*ctx.saved_tensors, grad_h, grad_c, ctx.activations, needs[0])
    asked = [grad if need else None for grad, need in zip(found, needs, strict=False)]
    return (*asked, None, None, None)


_rate.register_autograd(_differentiate, setup_context=_save)


def _library() -> ctypes.CDLL:
    library = core().library
    if library is None:
        raise RuntimeError(core().detail)
    return library


def _call(
    steps: int, batch: int, hidden: int, inputs: int, gates: int, gate: int, output: int
) -> Call:
    small = steps * batch * gates * hidden * (hidden + inputs) < _SMALL
    threads = torch.get_num_threads()
    workers = 1 if small or batch < 2 * threads else threads
    return Call(steps, batch, hidden, inputs, gates, gate, output, gate, gate, workers, keep=0)


def _chunk(batch: int, rows: int) -> int:
    """Steps whose gradients are held at once: enough rows for a product, few enough for a cache."""
    batch = max(batch, 1)
    return max(math.ceil(_CHUNK_ROWS / batch), math.ceil(_CHUNK_BYTES / (4 * batch * rows)))


def fresh(like: Tensor, *shape: int) -> Tensor:
    """A new tensor in large pages, where it is large."""
    made = like.new_empty(shape)
    _library().prefer_large_pages(at(made), ctypes.c_int64(4 * made.numel()))
    return made


def _drive(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    steps, batch, inputs = x.shape
    flat = torch.addmm(bias, x.reshape(-1, inputs), weight.t())
    return flat.view(steps, batch, -1)


def packed(weight: Tensor, gates: int, hidden: int) -> Tensor:
    """(gates * hidden, columns) as the products of the core read it."""
    lanes = _library().vector_length()
    columns = weight.shape[1]
    made = weight.new_empty(math.ceil(hidden / lanes) * columns * gates * lanes)
    kept = weight.contiguous()
    _library().pack(at(kept), at(made), gates, hidden, columns)
    return made


def _packed_wide(weight: Tensor, rows: int, hidden: int) -> Tensor:
    lanes = _library().vector_length()
    made = weight.new_empty(math.ceil(hidden / lanes) * lanes * rows)
    kept = weight.contiguous()
    _library().pack_wide(at(kept), at(made), rows, hidden)
    return made


def at(tensor: Tensor | None) -> ctypes.c_void_p | None:
    """The address of a contiguous tensor, which must have a name of its own to outlive the call."""
    if tensor is not None and not tensor.is_contiguous():
        raise ValueError(f"a kernel was handed strides {tensor.stride()}")
    return None if tensor is None else ctypes.c_void_p(tensor.data_ptr())
