"""Batches of any kind become one tensor, or say which of them does not fit."""

import pytest
import torch

from converter.data import gathered, mixtures
from spiking.errors import ConfigError, EmptyDataError, NotFiniteError, ShapeError
from tests.converter.small_models import random_x

X = random_x(batch=5)


def test_tensor_list_and_generator_give_the_same_samples() -> None:
    for data in (X, [X[:2], X[2:]], (X[i : i + 1] for i in range(5)), [X[:0], X]):
        assert torch.equal(gathered(data, features=3), X)


def test_integers_and_doubles_become_floats() -> None:
    assert torch.equal(gathered([X.double()], features=3), X)
    assert gathered(torch.ones(1, 2, 3, dtype=torch.int64), features=3).dtype == torch.float32


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (X[:0], EmptyDataError, "no samples"),
        ([], EmptyDataError, "no samples"),
        (X[:, :0], EmptyDataError, "no steps"),
        ([X, X[0]], ShapeError, r"batch 1 has shape \(8, 3\); expected \(samples, time, 3\)"),
        (X[..., :2], ShapeError, r"batch 0 has shape \(5, 8, 2\)"),
        ([X, X[:, :4]], ShapeError, "differ in their number of steps"),
        ([(X, torch.ones(5))], ConfigError, "batch 0 is a tuple.*without labels"),
        (X / 0.0, NotFiniteError, "NaN or infinity"),
    ],
)
def test_data_that_do_not_fit_are_named(data: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        gathered(data, features=3)


def test_mixtures_lie_between_two_samples_and_repeat_themselves() -> None:
    x = torch.rand(20, 4, 2, generator=torch.Generator().manual_seed(0))
    found = mixtures(x, copies=2, seed=1)
    assert found.shape == (60, 4, 2)
    assert torch.equal(found[:20], x)
    assert torch.equal(found, mixtures(x, copies=2, seed=1))
    assert not torch.equal(found, mixtures(x, copies=2, seed=2))
    for mixed, own in zip(found[20:40], x, strict=True):
        # mixed - own = (1 - m)(partner - own): one partner explains every entry
        shares = [(mixed - own) / (other - own) for other in x if other is not own]
        assert any(float(s.max() - s.min()) < 1e-3 and 0 <= float(s.mean()) <= 0.5 for s in shares)
    assert torch.equal(mixtures(x, copies=0), x)
    with pytest.raises(ConfigError, match="copies is -1"):
        mixtures(x, copies=-1)
