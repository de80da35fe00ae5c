"""The recurrences over time: a slow definition, and a compiled core that is compared with it."""

from __future__ import annotations

import torch
from torch import Tensor

from ..activation import Activation
from . import cpu
from .build import Core, core
from .cpu import usable
from .reference import RateStep, Weights, rate_step
from .reference import run_rate as reference_rate
from .spikes import Layer, Spiked, Twin, rasters, run_events, run_twin
from .stream import RateStream

__all__ = [
    "Core",
    "Layer",
    "RateStep",
    "RateStream",
    "Spiked",
    "Twin",
    "Weights",
    "core",
    "rasters",
    "rate_step",
    "run_events",
    "run_rate",
    "run_twin",
    "usable",
]


def run_rate(
    x: Tensor,
    weights: Weights,
    h: Tensor,
    c: Tensor,
    *,
    gate: Activation,
    output: Activation,
    trace: bool = True,
    recompute: bool = False,
) -> RateStep:
    """One layer over x (time, batch, input) from h and c (batch, hidden), as fast as can be.

    Float32 on the CPU runs in the C++ core where there is one, everything else in the reference;
    the values agree to rounding.

    trace      give every field at every step; otherwise z, i, o, f may be empty and c may hold
               the last step only, as its last entry. Gates of the core carry no gradient.
    recompute  keep a sixth of the memory for the backward and compute the gates anew; not with
               `trace`
    """
    if not usable(x):
        return reference_rate(x, weights, h, c, gate=gate, output=output)
    learning = torch.is_grad_enabled() and any(
        each is not None and each.requires_grad for each in (x, *weights, h, c)
    )
    keep = cpu.LAST
    if trace or learning:
        keep = cpu.BOUNDARIES if recompute and not trace else cpu.ALL
    kept = cpu.run(x, weights, h, c, gate=gate, output=output, keep=keep)
    none = x.new_empty(0, *h.shape)
    if keep != cpu.ALL:
        return RateStep(none, none, none, none, kept.c, kept.h)
    z, i, o, *computed = kept.gates.unbind(2)
    f = computed[0] if weights.forget is None else weights.forget.expand_as(z)
    return RateStep(z, i, o, f, kept.c, kept.h)
