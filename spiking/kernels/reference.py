"""The recurrence as its equations say it: one step after the other, in torch. Slow and obvious."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..activation import Activation


class RateStep(NamedTuple):
    """Everything one layer computes in one step, each of shape (batch, hidden), no unit."""

    z: Tensor
    i: Tensor
    o: Tensor
    f: Tensor
    c: Tensor
    h: Tensor


def rate_step(
    drive: Tensor,
    cell: Tensor,
    *,
    forget: Tensor | None,
    gate: Activation,
    output: Activation,
) -> RateStep:
    """One step of the subLSTM (Costa et al. 2017, arXiv 1711.02448, section 2).

        z, i, o (, f) = act(W x_t + R h_{t-1} + b)
        c_t = f c_{t-1} + z - i
        h_t = act_c(c_t) - o

    z input gate, i the inhibition that is subtracted from it, o output gate, f forget (computed
    here, or the learned constant of the fix-subLSTM), c cell state, h output; all without unit.

    drive   W x_t + R h_{t-1} + b, rows z, i, o (, f)   # (batch, 4 * hidden) or (batch, 3 * hidden)
    cell    c_{t-1}                                     # (batch, hidden)
    forget  the constant f in (0, 1), or None where f is the fourth gate   # (hidden,)
    """
    gates = gate.function(drive)
    if forget is None:
        z, i, o, f = gates.chunk(4, dim=-1)
    else:
        z, i, o = gates.chunk(3, dim=-1)
        f = forget.expand_as(z)
    c = f * cell + z - i
    return RateStep(z, i, o, f, c, output.function(c) - o)


class Weights(NamedTuple):
    """One layer in one direction; rows are z, i, o (, f).

    weight_ih  (gates * hidden, input)
    weight_hh  (gates * hidden, hidden)
    bias       (gates * hidden,)
    forget     the constant f in (0, 1) (hidden,), or None with a computed forget
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor
    forget: Tensor | None


def run_rate(
    x: Tensor,
    weights: Weights,
    h: Tensor,
    c: Tensor,
    *,
    gate: Activation,
    output: Activation,
) -> RateStep:
    """`rate_step` over x (time, batch, input) from h and c (batch, hidden).

    returns  each field (time, batch, hidden)
    """
    projected = nn.functional.linear(x, weights.weight_ih, weights.bias)
    history: list[RateStep] = []
    # unbind, never x[t]: the backward of indexing writes a full zero tensor at every step
    for drive in projected.unbind(0):
        step = rate_step(
            drive + nn.functional.linear(h, weights.weight_hh),
            c,
            forget=weights.forget,
            gate=gate,
            output=output,
        )
        history.append(step)
        h, c = step.h, step.c
    if not history:
        empty = x.new_zeros(0, *h.shape)
        return RateStep(*([empty] * 6))
    return RateStep(*(torch.stack(values) for values in zip(*history, strict=True)))
