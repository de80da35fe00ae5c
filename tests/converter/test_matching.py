"""Traces are what the model computes, and the loss is the one its docstring states."""

import numpy as np
import pytest
import torch
from torch import nn

from converter.matching import matching_loss, rate_trace, rnn_of
from spiking import SubLSTMClassifier, twin_trace
from tests.converter.small_models import random_net, random_rate, random_rnn, random_x

X = random_x()
# rate sums and sigmoids round differently over a whole sequence and over one step
CLOSE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.mark.parametrize("words", [{}, {"layers": 2}, {"forget": "gated"}])
def test_trace_holds_what_the_model_returns(words: dict[str, object]) -> None:
    rate = random_rate(**words)
    trace = rate_trace(rate, X)
    torch.testing.assert_close(trace["logits"][:, -1], rate(X), **CLOSE)
    output, (h_n, c_n) = rate.rnn(X)
    top = len(h_n) - 1
    assert torch.equal(trace[f"l{top}.h"], output)
    for layer in range(top + 1):
        values = {name: trace[f"l{layer}.{name}"] for name in "ziofch"}
        assert torch.equal(values["c"][:, -1], c_n[layer])
        torch.testing.assert_close(values["h"], torch.sigmoid(values["c"]) - values["o"], **CLOSE)
        before = torch.cat([torch.zeros_like(c_n[layer]).unsqueeze(1), values["c"][:, :-1]], 1)
        after = values["f"] * before + values["z"] - values["i"]
        torch.testing.assert_close(values["c"], after, **CLOSE)


def test_bare_rnn_has_no_logits_and_a_rectified_readout_is_rectified() -> None:
    assert "logits" not in rate_trace(random_rnn(), X)
    rate = SubLSTMClassifier(random_rnn(), nn.Linear(5, 4), readout_activation="relu")
    trace = rate_trace(rate, X)
    torch.testing.assert_close(trace["logits"][:, -1], rate(X), **CLOSE)
    assert float(trace["logits"].detach().min()) == 0.0


def test_traces_of_rate_and_twin_have_the_same_names() -> None:
    rate = random_rate(layers=2)
    gates = {f"l{layer}.f" for layer in (0, 1)}
    assert rate_trace(rate, X).keys() - gates == twin_trace(random_net(layers=2), X).keys()


def test_rnn_of_both_kinds() -> None:
    rate = random_rate()
    assert rnn_of(rate) is rate.rnn
    assert rnn_of(rate.rnn) is rate.rnn


def test_loss_by_hand() -> None:
    generator = torch.Generator().manual_seed(0)

    def draw() -> dict[str, torch.Tensor]:
        shapes = {"l0.z": (2, 3, 4), "l0.h": (2, 3, 4), "l1.h": (2, 3, 4), "logits": (2, 3, 5)}
        return {
            name: torch.randn(shape, generator=generator, dtype=torch.float64)
            for name, shape in shapes.items()
        }

    mine, theirs = draw(), draw()
    states = np.mean([((mine[n] - theirs[n]) ** 2).mean().item() for n in ("l0.h", "l1.h")])
    p, q = (torch.softmax(trace["logits"][:, -1], -1).numpy() for trace in (theirs, mine))
    wanted = states + (p * np.log(p / q)).sum() / len(p)
    assert abs(float(matching_loss(mine, theirs)) - wanted) < 1e-12
    assert float(matching_loss(mine, mine)) == 0.0
    without = {name: value for name, value in mine.items() if name != "logits"}
    assert abs(float(matching_loss(without, theirs)) - states) < 1e-12
