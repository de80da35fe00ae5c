"""A multi-spike layer over time in the C++ core: 8-bit weights, 32-bit sums, from events."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from .build import core
from .cpu import at
from .spikes import pad_to_vectors

_SMALL = 10**6  # weights met by a call below which threads cost more than they bring


class Integers(NamedTuple):
    """What is written to the chip; every entry a whole number held in float32.

    weight_ih, weight_hh       of the gates z, i, o   # (3 * hidden, input), (3 * hidden, hidden)
    bias, threshold            of the gates           # (3 * hidden,)
    weight_cell, dash          n_z - n_i to the cell's current, and its decay 2^-dash   # (hidden,)
    cell_bias, cell_threshold  # (hidden,)
    weight_out, bias_out       n_s - n_o to the logits   # (classes, hidden), (classes,)
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor
    threshold: Tensor
    weight_cell: Tensor
    dash: Tensor
    cell_bias: Tensor
    cell_threshold: Tensor
    weight_out: Tensor
    bias_out: Tensor


class _Call(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int32)
        for name in ("steps", "batch", "hidden", "inputs", "classes", "levels", "workers")
    )


class _Weights(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in (
            "input",
            "recurrent",
            "readout",
            "gate_bias",
            "gate_threshold",
            "cell_weight",
            "cell_dash",
            "cell_bias",
            "cell_threshold",
            "readout_bias",
        )
    )


@torch.no_grad()
def run_multi(x: Tensor, numbers: Integers, *, levels: int) -> tuple[Tensor, Tensor]:
    """The layer over spike counts x (batch, steps, input), 0..255, from silence; no gradient.

    returns  spike counts of z, i, o, s (batch, steps, 4 * hidden), and the readout's potentials
             (batch, steps, classes), whole numbers in float32
    """
    library = core().library
    if library is None:
        raise RuntimeError(core().detail)
    batch, steps, inputs = x.shape
    hidden, classes = len(numbers.dash), len(numbers.bias_out)

    def gates(values: Tensor) -> Tensor:
        return pad_to_vectors(values.to(torch.int32).view(3, hidden))

    def units(values: Tensor) -> Tensor:
        return pad_to_vectors(values.to(torch.int32))

    def columns(weight: Tensor, parts: int) -> Tensor:
        whole = weight.t().to(torch.int8).unflatten(1, (parts, -1))
        return pad_to_vectors(whole)

    # the arrays must outlive the call, so they are kept by name
    kept = {
        "input": columns(numbers.weight_ih, 3),
        "recurrent": columns(numbers.weight_hh, 3),
        "readout": columns(numbers.weight_out, 1),
        "gate_bias": gates(numbers.bias),
        "gate_threshold": gates(numbers.threshold),
        "cell_weight": units(numbers.weight_cell),
        "cell_dash": units(numbers.dash),
        "cell_bias": units(numbers.cell_bias),
        "cell_threshold": units(numbers.cell_threshold),
        "readout_bias": units(numbers.bias_out),
    }
    # padding divides by its threshold as well
    for name in ("gate_threshold", "cell_threshold"):
        kept[name].clamp_(min=1)
    counts = x.to(torch.uint8).contiguous()
    spikes = torch.empty(batch, steps, 4 * hidden)
    potentials = torch.empty(batch, steps, classes)
    threads = torch.get_num_threads()
    small = steps * batch * 3 * hidden * (hidden + inputs) < _SMALL
    workers = 1 if small or batch < threads else threads
    library.multi_forward(
        ctypes.byref(_Call(steps, batch, hidden, inputs, classes, levels, workers)),
        ctypes.byref(_Weights(**{name: at(value) for name, value in kept.items()})),
        *map(at, (counts, spikes, potentials)),
    )
    return spikes, potentials
