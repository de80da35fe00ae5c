"""A gated forget becomes a constant that follows it, never worse than where it started."""

import copy

import pytest
import torch
from torch import Tensor, nn

from converter import distil, rate_trace
from converter.distil import Distilled
from converter.fit import FitSettings, split
from converter.matching import RateModel, matching_loss
from spiking import SubLSTMClassifier
from spiking.errors import ConfigError, EmptyDataError, ShapeError
from tests.converter.small_models import numbers, random_rate, random_rnn, random_x, same_numbers

X = random_x(batch=40)
QUICK = FitSettings(epochs=4, batch_size=16)


def gated(**words: object) -> SubLSTMClassifier:
    return random_rate(2, hidden=4, forget="gated", **words)


def distilled(rate: RateModel, data: Tensor = X, **words: object) -> Distilled:
    return distil(rate, data, **({"settings": QUICK, "progress": False} | words))


@torch.no_grad()
def held_loss(student: RateModel, teacher: RateModel) -> float:
    held = X[split(len(X), QUICK)[1]]
    return float(matching_loss(rate_trace(student, held), rate_trace(teacher, held)))


@pytest.mark.parametrize("learning_rate", [3e-3, 30.0])
def test_student_is_never_worse_than_its_start(learning_rate: float) -> None:
    rate = gated(layers=2)
    start = distilled(rate, settings=FitSettings(epochs=0)).model
    done = distilled(rate, settings=FitSettings(4, 16, learning_rate)).model
    if learning_rate < 1.0:
        assert held_loss(done, rate) < held_loss(start, rate)
    else:
        assert same_numbers(numbers(done), numbers(start))


def test_start_is_the_teacher_with_the_mean_of_its_forget_gate() -> None:
    rate = gated(layers=2)
    start = distilled(rate, settings=FitSettings(epochs=0)).model
    assert isinstance(start, SubLSTMClassifier)
    assert start.rnn.forget == "fixed"
    trace = rate_trace(rate, X)
    for suffix in ("l0", "l1"):
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            assert torch.equal(start.rnn.get(name, suffix), rate.rnn.get(name, suffix)[:12])
        mean = trace[f"{suffix}.f"].mean((0, 1))
        torch.testing.assert_close(torch.sigmoid(start.rnn.get("forget", suffix)), mean)
    assert same_numbers(numbers(start.readout), numbers(rate.readout))


def test_measures_are_those_of_the_held_out_samples() -> None:
    rate = gated()
    done = distilled(rate)
    held = X[split(len(X), QUICK)[1]]
    mine, theirs = rate_trace(done.model, held), rate_trace(rate, held)
    assert done.samples == len(held) == 4
    rmse = float((mine["l0.h"] - theirs["l0.h"]).detach().square().mean().sqrt())
    assert done.rmse == rmse > 0.0
    same = mine["logits"][:, -1].argmax(-1) == theirs["logits"][:, -1].argmax(-1)
    assert done.agreement == float(same.float().mean())


def test_same_seed_same_student_and_nothing_else_moves() -> None:
    rate = gated(layers=2, dropout=0.5).train()
    before, state = numbers(rate), torch.get_rng_state()
    one = distilled(rate)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    again = distilled(copy.deepcopy(rate))
    assert same_numbers(numbers(one.model), numbers(again.model))
    assert not same_numbers(numbers(one.model), numbers(distilled(rate, seed=1).model))
    assert same_numbers(numbers(rate), before)
    assert rate.training
    assert all(value.requires_grad for value in rate.parameters())
    assert all(value.grad is None for value in rate.parameters())


def test_bare_rnn_without_bias_has_no_agreement() -> None:
    done = distilled(random_rnn(forget="gated", bias=False, dtype=torch.float64), X.double())
    assert done.agreement != done.agreement
    assert done.model.get_parameter("forget_l0").dtype == torch.float64


def test_readout_without_bias_starts_at_zero() -> None:
    rate = SubLSTMClassifier(random_rnn(forget="gated"), nn.Linear(5, 4, bias=False))
    start = distilled(rate, settings=FitSettings(epochs=0)).model
    assert torch.equal(start.get_parameter("readout.bias"), torch.zeros(4))


def test_what_cannot_be_distilled_is_named() -> None:
    with pytest.raises(ConfigError, match="constant already"):
        distilled(random_rate())
    with pytest.raises(EmptyDataError):
        distilled(gated(), X[:0])
    with pytest.raises(ShapeError, match=r"expected \(samples, time, 3\)"):
        distilled(gated(), X[..., :2])
