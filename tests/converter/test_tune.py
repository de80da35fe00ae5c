"""Tuning follows the teacher more closely, never worse, and touches nothing but its copy."""

import importlib

import pytest
import torch
from torch import Tensor

from converter import convert, quantize, rate_trace, tune
from converter.fit import FitSettings, split
from converter.matching import RateModel, matching_loss
from spiking import Compound, Population, SpikingNetwork, SubLSTMClassifier, twin_trace
from spiking.errors import ConfigError, EmptyDataError, ShapeError
from tests.converter.small_models import numbers, random_rate, random_rnn, random_x, same_numbers

fit_module = importlib.import_module("converter.fit")
X = random_x(batch=40)
QUICK = FitSettings(epochs=8, batch_size=16, learning_rate=1e-2)


def pair(**words: object) -> tuple[SubLSTMClassifier, SpikingNetwork]:
    rate = random_rate(1, hidden=4, **words)
    return rate, convert(rate, code=Population(levels=4)).network


def tuned(
    net: SpikingNetwork, teacher: RateModel, data: Tensor = X, **words: object
) -> SpikingNetwork:
    return tune(net, teacher=teacher, data=data, **({"settings": QUICK, "progress": False} | words))


@torch.no_grad()
def held_loss(net: SpikingNetwork, teacher: RateModel) -> float:
    held = X[split(len(X), QUICK)[1]]
    return float(matching_loss(twin_trace(net, held), rate_trace(teacher, held)))


@pytest.mark.parametrize("layers", [1, 2])
def test_held_out_loss_falls(layers: int) -> None:
    rate, net = pair(layers=layers)
    assert held_loss(tuned(net, rate), rate) < held_loss(net, rate)


def test_reckless_steps_give_the_network_back() -> None:
    rate, net = pair()
    done = tuned(net, rate, settings=FitSettings(4, 16, 1e3))
    assert same_numbers(numbers(done), numbers(net))


def test_same_seed_same_network_and_nothing_else_moves() -> None:
    rate, net = pair(layers=2, dropout=0.5)
    rate.train()
    before, taught, state = numbers(net), numbers(rate), torch.get_rng_state()
    one = tuned(net, rate)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    assert same_numbers(numbers(one), numbers(tuned(net, rate)))
    assert not same_numbers(numbers(one), numbers(tuned(net, rate, seed=1)))
    assert same_numbers(numbers(net), before)
    assert same_numbers(numbers(rate), taught)
    assert rate.training
    assert all(value.grad is None for part in (net, rate) for value in part.parameters())


def test_quantised_network_comes_back_off_the_grid() -> None:
    rate, net = pair()
    done = tuned(quantize(net, weight_bits=6), rate)
    assert done.grid is None
    assert torch.equal(done.stack[0].threshold, net.stack[0].threshold)
    assert quantize(done).grid is not None


def test_forget_stays_below_one() -> None:
    rate, net = pair()
    with torch.no_grad():
        net.stack[0].forget.fill_(1.0 - 2.0**-13)
    done = tuned(net, rate, settings=FitSettings(epochs=3, batch_size=16, learning_rate=1e-4))
    assert not same_numbers(numbers(done), numbers(net))
    assert float(done.stack[0].forget.detach().min()) >= 0.0
    assert float(done.stack[0].forget.detach().max()) <= 1.0 - 2.0**-12


def test_gated_teacher_and_bare_rnn_are_followed_too() -> None:
    teacher = random_rate(1, hidden=4, forget="gated")
    _, net = pair()
    assert held_loss(tuned(net, teacher), teacher) < held_loss(net, teacher)
    bare = random_rnn(1, hidden=4)
    net = convert(bare, code=Population(levels=4)).network
    assert held_loss(tuned(net, bare), bare) < held_loss(net, bare)


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (random_rate(hidden=5), r"1 layers of 5 units and 3 inputs, the network layers of \[4\]"),
        (random_rate(hidden=4, layers=2), "2 layers of 4"),
        (random_rate(hidden=4, classes=3), "readout has 3 classes, the network's has 4"),
        (random_rnn(hidden=4), "readout has None classes"),
        (random_rate(hidden=4, bidirectional=True), "bidirectional"),
    ],
)
def test_teacher_of_other_sizes_is_refused(teacher: RateModel, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tuned(pair()[1], teacher)


def test_data_that_do_not_fit_are_named() -> None:
    rate, net = pair()
    with pytest.raises(EmptyDataError, match="no samples"):
        tuned(net, rate, X[:0])
    with pytest.raises(ShapeError, match=r"expected \(samples, time, 3\)"):
        tuned(net, rate, X[..., :2])


@pytest.mark.parametrize("code", [Population(4), Compound(4)], ids=repr)
def test_a_killed_tuning_goes_on_and_ends_with_the_same_network(
    code, tmp_path, monkeypatch
) -> None:
    rate = random_rate(1, hidden=4)
    net = convert(rate, code=code).network
    whole, path, saved = tuned(net, rate), tmp_path / "p", []
    real = fit_module.save

    def killed(*given) -> None:
        real(*given)
        saved.append(given)
        if len(saved) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(fit_module, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        tuned(net, rate, checkpoint=path)
    monkeypatch.setattr(fit_module, "save", real)
    assert same_numbers(numbers(tuned(net, rate, checkpoint=path)), numbers(whole))
    assert same_numbers(numbers(tuned(net, rate, checkpoint=path)), numbers(whole))
    with pytest.raises(ConfigError, match="other work"):
        tuned(convert(random_rate(2, hidden=4), code=code).network, rate, checkpoint=path)


def test_a_penalty_makes_fewer_spikes_leave() -> None:
    rate = random_rate(1, hidden=8)
    net = convert(rate, code=Compound(8)).network
    effort = [
        float(net.code.effort(twin_trace(done, X)["l0.h"]).detach())
        for done in (net, tuned(net, rate, spike_penalty=1.0))
    ]
    assert effort[1] < 0.9 * effort[0]
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ConfigError, match="spike_penalty"):
            tuned(net, rate, spike_penalty=wrong)


def test_goals_too_large_to_keep_are_made_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    rate, net = pair()
    tune_module = importlib.import_module("converter.tune")
    kept = tune_module.goals_of(rate, X, size=16, cells=True)
    monkeypatch.setattr(tune_module, "MOST_BYTES", 0)
    made = tune_module.goals_of(rate, X, size=16, cells=True)
    chosen = torch.tensor([5, 3, 39])
    for name, value in made(chosen).items():
        torch.testing.assert_close(value, kept(chosen)[name])
    assert held_loss(tuned(net, rate), rate) < held_loss(net, rate)
