"""Training learns, repeats itself for a seed, and leaves torch's generator alone."""

import sys

import pytest
import torch

from spiking.errors import ConfigError
from subspike import Task, TrainSettings, train


def signs(count: int = 96) -> Task:
    """Is the mean of a sequence positive?"""
    x = torch.randn(count, 6, 2, generator=torch.Generator().manual_seed(0))
    y = (x.mean((1, 2)) > 0).long()
    half = count // 2
    return Task("signs", "halves", x[:half], y[:half], x[half:], y[half:], classes=2, input_max=4.0)


train_module = sys.modules["subspike.train"]
SMALL = TrainSettings(hidden=8, epochs=30, batch_size=16, learning_rate=2e-2)


@pytest.mark.parametrize("forget", ["fixed", "gated"])
def test_it_learns(forget) -> None:
    task = signs()
    settings = TrainSettings(
        hidden=8, layers=2, forget=forget, epochs=30, batch_size=16, learning_rate=2e-2
    )
    model = train(task, settings=settings, progress=False)
    assert not model.training
    assert model.rnn.forget == forget
    with torch.no_grad():
        right = (model(task.test_x).argmax(1) == task.test_y).double().mean()
    assert float(right) > 0.8


def test_the_same_seed_gives_the_same_model_and_another_another() -> None:
    state = torch.get_rng_state()
    one, two = (train(signs(), settings=SMALL, progress=False) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    other = train(signs(), settings=TrainSettings(hidden=8, epochs=1, seed=1), progress=False)
    assert not torch.equal(one.readout.weight, other.readout.weight)


def test_the_test_part_is_never_seen() -> None:
    task = signs()
    other = Task("signs", "h", task.train_x, task.train_y, -task.test_x, 1 - task.test_y, classes=2)
    one, two = (train(t, settings=SMALL, progress=False) for t in (task, other))
    assert torch.equal(one.readout.weight, two.readout.weight)


@pytest.mark.parametrize("words", [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}])
def test_settings_that_cannot_be_meant_are_named(words) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        TrainSettings(**words)


def test_a_killed_training_goes_on_and_ends_with_the_same_model(tmp_path, monkeypatch) -> None:
    settings = TrainSettings(hidden=6, epochs=4, batch_size=16)
    whole = train(signs(), settings=settings, progress=False)
    path = tmp_path / "rate.progress"
    real, saved = train_module.save, []

    def killed(*given) -> None:
        real(*given)
        saved.append(given)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(train_module, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        train(signs(), settings=settings, checkpoint=path, progress=False)
    monkeypatch.setattr(train_module, "save", real)
    again = train(signs(), settings=settings, checkpoint=path, progress=False)
    for a, b in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    other = TrainSettings(hidden=6, epochs=5, batch_size=16)
    with pytest.raises(ConfigError, match="other work"):
        train(signs(), settings=other, checkpoint=path, progress=False)
