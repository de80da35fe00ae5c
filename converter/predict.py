"""How many levels a model needs, from one run with noise, before a spike is simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spiking import SubLSTMClassifier
from spiking.errors import ConfigError, NotFiniteError, ShapeError
from spiking.kernels import rate_step

from .matching import rate_trace

# a noise within the range where its effect on h was measured to be linear (0.001 to 0.05)
NOISE = 0.02
_MOST_LEVELS = 2**16


@dataclass(frozen=True)
class Prediction:
    """What rounding h to multiples of 1/levels does, from one noisy run of the rate model.

    gain      G: RMSE of h at the last step over the noise that went into every step
    accuracy  of the rate model on the samples
    levels    asked for
    expected  accuracy at each of them
    rmse      of h at the last step at each of them, G / (levels sqrt 12)
    needed    fewest levels whose expected accuracy lies within the margin
    margin    share of accuracy that may be lost
    """

    gain: float
    accuracy: float
    levels: tuple[int, ...]
    expected: tuple[float, ...]
    rmse: tuple[float, ...]
    needed: int
    margin: float


@torch.no_grad()
def predict_levels(
    rate: SubLSTMClassifier,
    x: Tensor,
    y: Tensor,
    *,
    margin: float = 0.003,
    levels: Sequence[int] = (2, 4, 8, 16, 32, 64),
    seed: int = 0,
) -> Prediction:
    """Accuracy of a code that rounds h to 1/levels, as noise of its variance predicts it.

    Rounding to q = 1/levels is noise of deviation q / sqrt 12 in h at every step; what it does to
    the logits is linear in q while it is small. One run with noise eps gives each sample's shift of
    the logits; scaled by q / (eps sqrt 12) it says at which q the sample's decision turns. A code
    that rounds every gate, as populations do, needs about twice the levels.

    x, y  (samples, time, input) and labels (samples,)

    Raises ConfigError for a margin or levels that cannot be meant, ShapeError, NotFiniteError.
    """
    if not 0.0 <= margin < 1.0 or not levels or min(levels) < 1:
        raise ConfigError(f"margin {margin}, levels {list(levels)}: take a share and K >= 1")
    if x.dim() != 3 or len(x) != len(y) or len(x) == 0:
        raise ShapeError(
            f"x {tuple(x.shape)} and y {tuple(y.shape)}: give as many labels as samples"
        )
    if not bool(torch.isfinite(x).all()):
        raise NotFiniteError("x holds NaN or infinity; clean it first")
    clean = rate_trace(rate, x)
    h, noisy = _noisy(rate, x, seed=seed)
    top = f"l{rate.rnn.num_layers - 1}.h"
    gain = float((h - clean[top][:, -1]).square().mean().sqrt()) / NOISE
    logits = clean["logits"][:, -1]
    shift = noisy - logits

    def accuracy(quantum: float) -> float:
        moved = logits + shift * (quantum / math.sqrt(12.0) / NOISE)
        return float((moved.argmax(1) == y).double().mean())

    best = accuracy(0.0)
    fewest = next(
        (k for k in range(1, _MOST_LEVELS) if accuracy(1.0 / k) >= best - margin), _MOST_LEVELS
    )
    return Prediction(
        gain=gain,
        accuracy=best,
        levels=tuple(levels),
        expected=tuple(accuracy(1.0 / k) for k in levels),
        rmse=tuple(gain / k / math.sqrt(12.0) for k in levels),
        needed=fewest,
        margin=margin,
    )


def _noisy(rate: SubLSTMClassifier, x: Tensor, *, seed: int) -> tuple[Tensor, Tensor]:
    """H and logits at the last step, with noise in h of every layer at every step."""
    rnn, draw = rate.rnn, torch.Generator().manual_seed(seed)
    zeros = x.new_zeros(len(x), rnn.hidden_size)
    state = [(zeros, zeros) for _ in range(rnn.num_layers)]
    for x_t in x.unbind(1):
        below = x_t
        for index in range(rnn.num_layers):
            suffix = f"l{index}"
            h, c = state[index]
            drive = torch.nn.functional.linear(below, rnn.get("weight_ih", suffix))
            drive = drive + torch.nn.functional.linear(h, rnn.get("weight_hh", suffix))
            step = rate_step(
                drive + rnn.get("bias_ih", suffix) + rnn.get("bias_hh", suffix),
                c,
                forget=torch.sigmoid(rnn.get("forget", suffix)) if rnn.forget == "fixed" else None,
                gate=rnn.gate,
                output=rnn.output,
            )
            below = step.h + NOISE * torch.randn(step.h.shape, generator=draw).to(x)
            state[index] = (below, step.c)
    logits = rate.readout(state[-1][0])
    return state[-1][0], logits
