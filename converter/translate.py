"""Weights of a public layout, made into this project's rate model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import CheckpointError, LayoutError

from .layouts import BIAS_HH, BIAS_IH, FORGET, WEIGHT_HH, WEIGHT_IH, Layout
from .parts import Weights

# exp(800) overflows and exp(-800) underflows in float64 too, so sigmoid(+-800) is exactly 1 and 0
LOGIT_LIMIT = 800.0


def to_model(weights: Weights) -> SubLSTM | SubLSTMClassifier:
    """The rate model that computes what the file's own repository computes, on the CPU.

    A `SubLSTMClassifier` where the file has a readout; always `batch_first=True`, in eval mode.
    Rows are reordered to z, i, o, f; a single bias goes to `bias_ih`; a constant forget becomes
    a logit (see `forget_logit`). Raises LayoutError where the layout stores no such forget,
    CheckpointError where a raw one lies outside [0, 1].
    """
    layout, fixed = weights.fit.layout, weights.fit.fixed
    order = layout.row_order(fixed=fixed)
    own_order = "zio" if fixed else "ziof"
    rows = [order.index(letter) for letter in own_order]
    has_bias = any(BIAS_IH in part.arrays or BIAS_HH in part.arrays for part in weights.parts)
    state: dict[str, Tensor] = {}
    for part in weights.parts:
        suffix = f"l{part.layer}{'_reverse' if part.reverse else ''}"
        for role in (WEIGHT_IH, WEIGHT_HH):
            state[f"{role}_{suffix}"] = _reordered(part.arrays[role], rows)
        for role in (BIAS_IH, BIAS_HH) if has_bias else ():
            present = part.arrays.get(role)
            zeros = torch.zeros(len(rows) * weights.hidden)
            state[f"{role}_{suffix}"] = zeros if present is None else _reordered(present, rows)
        if fixed:
            state[f"forget_{suffix}"] = _stored_forget(part.arrays[FORGET], layout)
    rnn = SubLSTM(
        weights.inputs,
        weights.hidden,
        weights.layers,
        bias=has_bias,
        batch_first=True,
        bidirectional=weights.bidirectional,
        forget="fixed" if fixed else "gated",
        activation=layout.activation,
        cell_activation=layout.cell_activation,
        device="meta",
    )
    assign(rnn, state, dtype=weights.dtype)
    if weights.readout is None:
        return rnn.eval()
    readout = linear(*weights.readout, dtype=weights.dtype)
    activation = layout.readout_activation
    return SubLSTMClassifier(rnn, readout, readout_activation=activation).eval()


def linear(weight: Tensor, bias: Tensor | None, *, dtype: torch.dtype) -> nn.Linear:
    """A linear layer with copies of weight (out, in) and bias (out,); draws no random number."""
    made = nn.Linear(weight.shape[1], len(weight), bias=bias is not None, device="meta")
    assign(made, {"weight": weight} | ({} if bias is None else {"bias": bias}), dtype=dtype)
    return made


def assign(module: nn.Module, state: dict[str, Tensor], *, dtype: torch.dtype) -> None:
    """Give `module`, built on "meta", private copies of `state` as its parameters."""
    copies = {name: value.detach().to(dtype).contiguous().clone() for name, value in state.items()}
    module.load_state_dict(copies, assign=True)


def forget_logit(constant: Tensor) -> Tensor:
    """The logit of a constant forget in [0, 1], finite: exact 0 and 1 become -800 and +800.

    sigmoid(-800) and sigmoid(+800) are exactly 0 and 1 in float32 and float64, and the gradient
    there is 0, as that of a clamp is. Between them the logit is taken in float64.
    """
    logit = torch.logit(constant.double()).clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
    return logit.to(constant.dtype)


def _stored_forget(stored: Tensor, layout: Layout) -> Tensor:
    if layout.forget == "sigmoid":
        return stored
    if layout.forget == "clamp":
        return forget_logit(stored.clamp(0.0, 1.0))
    if layout.forget == "raw":
        outside = int(((stored < 0) | (stored > 1)).sum())
        if outside:
            raise CheckpointError(
                f"{outside} of {stored.numel()} constant forgets lie outside [0, 1]; used raw "
                "they make a cell that no subLSTM here has. Was it forget='clamp'?"
            )
        return forget_logit(stored)
    raise LayoutError(
        f"layout {layout.name!r} read with forget={layout.forget!r}, but the file holds a "
        "constant forget; name how it is stored: 'clamp', 'sigmoid' or 'raw'"
    )


def _reordered(array: Tensor, rows: list[int]) -> Tensor:
    blocks = array.chunk(len(rows))  # each (hidden, columns) or (hidden,)
    return torch.cat([blocks[row] for row in rows])
