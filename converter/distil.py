"""A computed forget gate into a constant one: the default where no target can multiply signals."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import ConfigError

from .data import Batches, gathered
from .fit import FitSettings, fit, split
from .matching import RateModel, matching_loss, rate_trace, rnn_of
from .translate import assign, linear

_F_RANGE = (0.01, 0.999)


@dataclass(frozen=True)
class Distilled:
    """A fixed-forget model trained to follow a gated one, and how well it does.

    model      the student, `forget="fixed"`
    rmse       of the top layer's output against the teacher, on held-out samples
    agreement  share of held-out samples with the teacher's decision (nan without a readout)
    samples    number of held-out samples
    """

    model: RateModel
    rmse: float
    agreement: float
    samples: int


def distil(
    rate: RateModel,
    data: Batches,
    *,
    settings: FitSettings | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> Distilled:
    """Train a fix-subLSTM to reproduce a gated subLSTM's states and outputs.

    The student starts from the teacher's z, i, o rows and readout, its constant f from the mean
    of the teacher's gate over the data. data: inputs (n, time, input) or batches of them.

    Raises ConfigError for a model whose forget is constant already, and what `gathered` raises.
    """
    teacher_rnn = rnn_of(rate)
    if teacher_rnn.forget != "gated":
        raise ConfigError("the forget gate is constant already; there is nothing to distil")
    settings = FitSettings(epochs=60) if settings is None else settings
    settings = replace(settings, seed=seed)
    x = gathered(data, features=teacher_rnn.input_size)
    x = x.to(device, teacher_rnn.get("weight_ih", "l0").dtype)
    teacher = _frozen(rate, device)
    goal = _in_chunks(teacher, x, settings.batch_size)
    student = _student(teacher, goal)

    def loss(module: RateModel, chosen: Tensor) -> Tensor:
        wanted = {name: value[chosen] for name, value in goal.items()}
        return matching_loss(rate_trace(module, x[chosen]), wanted)

    model = fit(
        student, loss, count=len(x), settings=settings, label="distil forget", progress=progress
    )
    _, held = split(len(x), settings)
    return _measured(model, {name: value[held] for name, value in goal.items()}, x[held])


def _frozen(rate: RateModel, device: torch.device | str) -> RateModel:
    return copy.deepcopy(rate).to(device).eval().requires_grad_(requires_grad=False)


@torch.no_grad()
def _in_chunks(teacher: RateModel, x: Tensor, size: int) -> dict[str, Tensor]:
    """The teacher's trace over all of `x`, keeping what the loss and the start need."""
    parts = [rate_trace(teacher, chunk) for chunk in x.split(size)]
    kept = [name for name in parts[0] if name == "logits" or name[-1] in "hf"]
    return {name: torch.cat([part[name] for part in parts]) for name in kept}


@torch.no_grad()
def _student(teacher: RateModel, goal: dict[str, Tensor]) -> RateModel:
    old = rnn_of(teacher)
    rnn = SubLSTM(
        old.input_size,
        old.hidden_size,
        old.num_layers,
        old.bias,
        old.batch_first,
        old.dropout,
        old.bidirectional,
        forget="fixed",
        activation=old.activation,
        cell_activation=old.cell_activation,
        t_max=old.t_max,
        device="meta",
    )
    rows = 3 * old.hidden_size
    state: dict[str, Tensor] = {}
    names = ["weight_ih", "weight_hh"] + (["bias_ih", "bias_hh"] if old.bias else [])
    for _, suffix in old.parts():
        for name in names:
            state[f"{name}_{suffix}"] = old.get(name, suffix)[:rows]
        mean = goal[f"{suffix}.f"].mean(dim=(0, 1)).clamp(*_F_RANGE)
        state[f"forget_{suffix}"] = torch.logit(mean)
    dtype = old.get("weight_ih", "l0").dtype
    assign(rnn, state, dtype=dtype)
    if isinstance(teacher, SubLSTM):
        return rnn
    weight, bias = teacher.readout.weight, teacher.readout.bias
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    return SubLSTMClassifier(
        rnn,
        linear(weight, bias, dtype=dtype),
        readout_activation=teacher.readout_activation,
    )


@torch.no_grad()
def _measured(model: RateModel, goal: dict[str, Tensor], x: Tensor) -> Distilled:
    mine = rate_trace(model, x)
    top = f"l{rnn_of(model).num_layers - 1}.h"
    rmse = float((mine[top] - goal[top]).square().mean().sqrt())
    agreement = float("nan")
    if "logits" in goal:
        same = mine["logits"][:, -1].argmax(-1) == goal["logits"][:, -1].argmax(-1)
        agreement = float(same.float().mean())
    return Distilled(model, rmse, agreement, len(x))
