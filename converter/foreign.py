"""Cells that are no subLSTM but save the same keys and shapes: to be recognised and refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from spiking.lengths import reverse_valid

from .layouts import BIAS_HH, BIAS_IH, FORGET, WEIGHT_HH, WEIGHT_IH
from .parts import Weights

Gates = Mapping[str, Tensor]


@dataclass(frozen=True)
class ForeignCell:
    """A recurrent cell that shares its keys with a layout.

    name    what a score table calls it
    keys    names of the layouts whose keys it shares
    gates   row order, and with a constant forget (a logit), "" where it has no such variant
    step    (pre-activations by letter, c_{t-1}) -> (h_t, c_t)
    reason  why it cannot be loaded as a subLSTM
    """

    name: str
    keys: tuple[str, ...]
    gates: str
    fixed_gates: str
    step: Callable[[Gates, Tensor], tuple[Tensor, Tensor]]
    reason: str


def _lstm_step(a: Gates, c: Tensor) -> tuple[Tensor, Tensor]:
    """c_t = s(f) c_{t-1} + s(i) tanh(g), h_t = s(o) tanh(c_t); s the logistic sigmoid."""
    c = a["f"].sigmoid() * c + a["i"].sigmoid() * a["g"].tanh()
    return a["o"].sigmoid() * c.tanh(), c


def _product_step(a: Gates, c: Tensor) -> tuple[Tensor, Tensor]:
    """c_t = s(f) c_{t-1} + s(z) s(i), h_t = s(c_t) - s(o)."""
    c = a["f"].sigmoid() * c + a["z"].sigmoid() * a["i"].sigmoid()
    return c.sigmoid() - a["o"].sigmoid(), c


def _negated_step(a: Gates, c: Tensor) -> tuple[Tensor, Tensor]:
    """c_t = s(f) c_{t-1} + s(z) - s(i), h_t = s(o) - tanh(c_t)."""
    c = a["f"].sigmoid() * c + a["z"].sigmoid() - a["i"].sigmoid()
    return a["o"].sigmoid() - c.tanh(), c


FOREIGN_CELLS: tuple[ForeignCell, ...] = (
    ForeignCell(
        name="torch.nn.LSTM",
        keys=("ixaxaar", "subspike", "subspike-hard"),
        gates="ifgo",
        fixed_gates="",
        step=_lstm_step,
        reason="this is an LSTM: its gating is multiplicative, a subLSTM's is subtractive",
    ),
    ForeignCell(
        name="neuralml of 2019-03-18 to 2019-04-03",
        keys=("neuralml",),
        gates="iozf",
        fixed_gates="",
        step=_product_step,
        reason="commits 93df298 to 78e5995 multiplied z and i in the gated cell, by mistake",
    ),
    ForeignCell(
        name="miltonllera of 2019-10-12",
        keys=("miltonllera-torchscript",),
        gates="ifzo",
        fixed_gates="izo",
        step=_negated_step,
        reason="commit 55072da computed o - tanh(c), the output's sign turned round",
    ),
)


def foreign_cells_like(layouts: set[str], *, fixed: bool) -> tuple[ForeignCell, ...]:
    """The foreign cells whose files have the keys of one of `layouts`."""
    return tuple(
        cell
        for cell in FOREIGN_CELLS
        if layouts & set(cell.keys) and (cell.fixed_gates if fixed else cell.gates)
    )


def run_foreign(
    cell: ForeignCell, weights: Weights, x: Tensor, lengths: Tensor | None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """What `cell` would compute with these weights, all states starting at zero.

    x        (batch, time, input)
    lengths  valid steps of each sample (batch,), or None
    returns  output (batch, time, directions * hidden), (h_n, c_n) each
             (layers * directions, batch, hidden)
    """
    flowing = x.transpose(0, 1)  # (time, batch, features)
    h_n, c_n, directions = [], [], list[Tensor]()
    for part in weights.parts:
        if not part.reverse and part.layer > 0:
            flowing = torch.cat(directions, dim=-1)
        directions = directions if part.reverse else []
        source = reverse_valid(flowing, lengths) if part.reverse else flowing
        hidden, cells = _run_part(cell, part.arrays, source)
        h_n.append(_final(hidden, lengths))
        c_n.append(_final(cells, lengths))
        directions.append(reverse_valid(hidden, lengths) if part.reverse else hidden)
    output = torch.cat(directions, dim=-1).transpose(0, 1)
    return output, (torch.stack(h_n), torch.stack(c_n))


def _run_part(cell: ForeignCell, arrays: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs and cell states of one layer, each (time, batch, hidden)."""
    order = cell.fixed_gates if FORGET in arrays else cell.gates
    recurrent = arrays[WEIGHT_HH].to(x.dtype)
    drives = x @ arrays[WEIGHT_IH].to(x.dtype).t()
    for role in (BIAS_IH, BIAS_HH):
        drives = drives + arrays[role].to(x.dtype) if role in arrays else drives
    h = c = x.new_zeros(x.shape[1], recurrent.shape[1])
    hidden, cells = [], []
    for drive in drives.unbind(0):
        blocks = (drive + h @ recurrent.t()).chunk(len(order), dim=-1)
        a = dict(zip(order, blocks, strict=True))
        if FORGET in arrays:
            a["f"] = arrays[FORGET].to(x.dtype)
        h, c = cell.step(a, c)
        hidden.append(h)
        cells.append(c)
    return torch.stack(hidden), torch.stack(cells)


def _final(values: Tensor, lengths: Tensor | None) -> Tensor:
    """The last valid of (time, batch, hidden) values; zero for a sample without steps."""
    if lengths is None:
        return values[-1]
    index = (lengths - 1).clamp(min=0).view(1, -1, 1).expand(1, -1, values.shape[-1])
    return values.gather(0, index).squeeze(0) * (lengths > 0).unsqueeze(-1)
