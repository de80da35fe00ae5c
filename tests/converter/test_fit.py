"""The training loop keeps the best, stops early, and draws only from its own seed."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from converter.fit import FitSettings, fit, split
from spiking.errors import ConfigError
from tests.converter.small_models import numbers, same_numbers

X = torch.linspace(-1.0, 1.0, 40).unsqueeze(1)
QUICK = FitSettings(epochs=8, batch_size=8, learning_rate=0.05, patience=8)


def model() -> nn.Sequential:
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 1))


def sine(module: nn.Module, chosen: Tensor) -> Tensor:
    return (module(X[chosen]) - torch.sin(3.0 * X[chosen])).square().mean()


def fitted(settings: FitSettings = QUICK, **words: object) -> nn.Module:
    return fit(model(), sine, count=len(X), settings=settings, label="x", progress=False, **words)


def held_loss(module: nn.Module, settings: FitSettings = QUICK) -> float:
    return float(sine(module, split(len(X), settings)[1]).detach())


def test_held_out_loss_falls_and_the_argument_is_untouched() -> None:
    start = model()
    before = numbers(start)
    done = fit(start, sine, count=len(X), settings=QUICK, label="x", progress=False)
    assert same_numbers(numbers(start), before)
    assert held_loss(done) < 0.8 * held_loss(start.eval())
    assert not done.training


def test_same_seed_same_numbers_and_the_global_generator_rests() -> None:
    torch.manual_seed(7)
    start = model()
    state = torch.get_rng_state()
    one = fit(start, sine, count=len(X), settings=QUICK, label="x", progress=False)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(8)
    other = fit(start, sine, count=len(X), settings=QUICK, label="x", progress=False)
    assert same_numbers(numbers(one), numbers(other))
    assert not same_numbers(numbers(one), numbers(fitted(replace(QUICK, seed=1))))


def test_best_epoch_is_kept_and_not_the_last() -> None:
    """Held-out loss is best at 3 steps away from the start and worse on both sides."""
    start = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        start.weight.zero_()
    held = split(10, QUICK)[1]

    def loss(module: nn.Module, chosen: Tensor) -> Tensor:
        if torch.equal(chosen, held):
            return (module.weight - 0.3).abs().sum()
        return -module.weight.sum()

    settings = FitSettings(epochs=30, batch_size=64, learning_rate=0.1, patience=30)
    done = fit(start, loss, count=10, settings=settings, label="x", progress=False)
    assert abs(float(done.weight.detach()) - 0.3) < 0.06
    away = replace(settings, learning_rate=50.0)
    kept = fit(start, loss, count=10, settings=away, label="x", progress=False)
    assert torch.equal(kept.weight, start.weight)


@pytest.mark.parametrize("patience", [1, 4])
def test_training_stops_after_patience_epochs_without_progress(patience: int) -> None:
    steps = []

    def flat(module: nn.Module, chosen: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            steps.append(len(chosen))
        return 0.0 * module[0].weight.sum()

    settings = FitSettings(epochs=30, batch_size=64, patience=patience)
    fit(model(), flat, count=20, settings=settings, label="x", progress=False)
    assert steps == [18] * patience


def test_no_epochs_give_the_start_again() -> None:
    assert same_numbers(numbers(fitted(replace(QUICK, epochs=0))), numbers(model()))


def test_constraint_is_kept_after_every_step() -> None:
    met = []

    def bounded(module: nn.Module) -> None:
        met.append(float(module[0].weight.detach().abs().max()))
        with torch.no_grad():
            module[0].weight.clamp_(-0.1, 0.1)

    done = fitted(constrain=bounded)
    assert len(met) == 8 * 5  # epochs * batches of 36 samples
    held = [value for value in met if value > 0.1]
    assert held
    if not torch.equal(done[0].weight, model()[0].weight):
        assert float(done[0].weight.detach().abs().max()) <= 0.1


def test_split_is_disjoint_whole_and_seeded() -> None:
    training, held = split(20, FitSettings(holdout=0.25))
    assert len(held) == 5
    assert sorted([*training.tolist(), *held.tolist()]) == list(range(20))
    assert torch.equal(held, split(20, FitSettings(holdout=0.25))[1])
    assert not torch.equal(held, split(20, FitSettings(holdout=0.25, seed=1))[1])
    for one, other in (split(1, FitSettings()), split(0, FitSettings())):
        assert torch.equal(one, other)
    assert [len(part) for part in split(2, FitSettings(holdout=0.99))] == [1, 1]


@pytest.mark.parametrize(
    "words",
    [
        {"epochs": -1},
        {"batch_size": 0},
        {"patience": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"holdout": 0.0},
        {"holdout": 1.0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(words: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        FitSettings(**words)
