"""The recurrences over time: a slow definition, and a compiled core that is compared with it."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from ..activation import Activation
from . import cpu
from .build import Core, core
from .coded import Coder, Forget, Numbers, Start, Told, run_coded, run_coded_twin
from .cpu import usable
from .multi import Integers, run_multi
from .reference import RateStep, Weights, rate_step
from .reference import run_rate as reference_rate
from .spikes import Layer, Spiked, Twin, rasters, run_events
from .spikes import run_twin as run_twin_in_core
from .stream import RateStream

__all__ = [
    "Coder",
    "Core",
    "Forget",
    "Integers",
    "Layer",
    "Numbers",
    "RateStep",
    "RateStream",
    "Spiked",
    "Start",
    "Told",
    "Twin",
    "Weights",
    "core",
    "rasters",
    "rate_step",
    "run_coded",
    "run_coded_twin",
    "run_events",
    "run_multi",
    "run_rate",
    "run_twin",
    "triton_wanted",
    "usable",
]

_MOST_GPU_UNITS = 1024


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

    Float32 on the CPU runs in the C++ core where there is one; on a GPU up to 1024 units run in
    Triton where SUBSPIKE_KERNELS=triton asks for it (and with rounded products where it is
    triton-bf16); everything else runs in the reference. The values agree to rounding.

    trace      give every field at every step; otherwise z, i, o, f may be empty and c may hold
               the last step only, as its last entry. Gates of the core carry no gradient.
    recompute  keep a sixth of the memory for the backward and compute the gates anew; not with
               `trace`
    """
    if triton_wanted(x, hidden=h.shape[1]):
        from . import gpu

        bf16 = os.environ["SUBSPIKE_KERNELS"] == "triton-bf16"
        done = gpu.run(x, weights, h, c, gate=gate, output=output, bf16=bf16)
        return _step(done.gates, weights.forget, done.c, done.h)
    if not usable(x) or not {gate.name, output.name} <= set(cpu.CODES):
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
    return _step(kept.gates, weights.forget, kept.c, kept.h)


def _step(gates: Tensor, forget: Tensor | None, c: Tensor, h: Tensor) -> RateStep:
    z, i, o, *computed = gates.unbind(2)
    return RateStep(z, i, o, computed[0] if forget is None else forget.expand_as(z), c, h)


def run_twin(x: Tensor, layer: Layer, *, gates: bool) -> Twin:
    """A population-coded layer over x (time, batch, input) from silence, differentiable."""
    if not gates and triton_wanted(x, hidden=len(layer.forget)):
        from . import gpu

        return gpu.run_twin(x, layer)
    return run_twin_in_core(x, layer, gates=gates)


def triton_wanted(x: Tensor, *, hidden: int) -> bool:
    """Whether the GPU kernels were asked for and fit; they are not the default while unmeasured."""
    asked = os.environ.get("SUBSPIKE_KERNELS") in ("triton", "triton-bf16")
    return asked and x.is_cuda and x.dtype == torch.float32 and hidden <= _MOST_GPU_UNITS
