"""Teacher forcing: every step of a network starts from the teacher's state, all steps at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spiking import CodedNetwork


def forced_loss(net: CodedNetwork, x: Tensor, teacher: dict[str, Tensor]) -> Tensor:
    """How far one step of `net` leads from the teacher's state, mean over all steps.

    sum over layers of MSE(h_t) + MSE(c_t), each layer stepped once from the teacher's h_{t-1} (as
    the code rounds it) and c_{t-1}, its coders at rest, with the teacher's h of the layer below.
    Errors do not add up over time, and no step waits for another (teacher forcing, Williams &
    Zipser 1989).

    x        (batch, time, input)
    teacher  {"l0.h": (batch, time, hidden), "l0.c": ...} of every layer
    """
    total = x.new_zeros(())
    below, levels = net.encode(x).flatten(0, 1), net.code.levels
    for index, layer in enumerate(net.stack):
        h, c = teacher[f"l{index}.h"], teacher[f"l{index}.c"]
        start = layer.initial_state(len(below))
        counts = torch.round(_before(h) * levels)
        memory = dict(start.memory)
        if net.code.persistent:
            memory["h"] = counts.double()
        state = start._replace(
            cell=_before(c).double() * levels,
            counts=counts,
            heard=nn.functional.linear(counts, layer.weight_hh / levels),
            memory=memory,
        )
        _, after = layer.step(below, state, trains=None, spell=False)
        total = total + nn.functional.mse_loss(after.counts / levels, h.flatten(0, 1))
        cells = (after.cell / levels).to(c.dtype)
        total = total + nn.functional.mse_loss(cells, c.flatten(0, 1))
        below = torch.round(h.flatten(0, 1) * levels)
    return total


def _before(values: Tensor) -> Tensor:
    """Each step's values at the step before, flat; zeros before the first."""
    return torch.cat([torch.zeros_like(values[:, :1]), values[:, :-1]], 1).flatten(0, 1)
