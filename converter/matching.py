"""The loss that pulls a student to its teacher: outputs and states, sample by sample."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from spiking import SubLSTM, SubLSTMClassifier

RateModel = SubLSTM | SubLSTMClassifier


def rnn_of(rate: RateModel) -> SubLSTM:
    """The subLSTM inside a rate model."""
    return rate if isinstance(rate, SubLSTM) else rate.rnn


def rate_trace(rate: RateModel, x: Tensor) -> dict[str, Tensor]:
    """Values of every node of a rate model, named as in `spiking.twin_trace`.

    x        (batch, time, input)
    returns  {"l0.z": (batch, time, hidden), ..., "l0.h": ..., "logits": (batch, time, classes)}
    """
    output, _, steps = rnn_of(rate).run(x.transpose(0, 1))
    trace = {
        f"{layer}.{name}": value.transpose(0, 1)
        for layer, step in steps.items()
        for name, value in step._asdict().items()
    }
    if isinstance(rate, SubLSTMClassifier):
        logits = rate.readout(output.transpose(0, 1))
        relu = rate.readout_activation == "relu"
        trace["logits"] = torch.relu(logits) if relu else logits
    return trace


def matching_loss(student: dict[str, Tensor], teacher: dict[str, Tensor]) -> Tensor:
    """Distance of two traces: outputs of every layer at every step, and the final decision.

    mean over layers of MSE(h) (all steps), plus KL(teacher || student) of the class
    probabilities at the last step where there are logits (Hinton et al. 2015, temperature 1).
    """
    layers = [name for name in student if name.endswith(".h")]
    states = torch.stack([functional.mse_loss(student[n], teacher[n]) for n in layers]).mean()
    if "logits" not in student:
        return states
    mine = functional.log_softmax(student["logits"][:, -1], dim=-1)
    theirs = functional.log_softmax(teacher["logits"][:, -1], dim=-1)
    return states + functional.kl_div(mine, theirs, log_target=True, reduction="batchmean")
