"""The prediction against what rounding really does."""

import pytest
import torch

from converter import convert, predict_levels
from spiking import Compound
from spiking.errors import ConfigError, NotFiniteError, ShapeError
from tests.converter.small_models import random_rate, random_x

RATE = random_rate(3, hidden=24)
X = random_x(batch=600, steps=20)
Y = RATE(X).argmax(1)


@torch.no_grad()
def test_error_and_accuracy_are_predicted_before_anything_is_simulated() -> None:
    found = predict_levels(RATE, X, Y, levels=(4, 8, 16, 32))
    assert found.accuracy == 1.0
    for levels, rmse, expected in zip(found.levels, found.rmse, found.expected, strict=True):
        run = convert(RATE, code=Compound(levels)).network.run(X, spell=False)
        wanted = RATE.rnn(X)[0][:, -1]
        measured = float((run.output[:, -1] - wanted).square().mean().sqrt())
        assert rmse == pytest.approx(measured, rel=0.3)
        share = float((run.logits[:, -1].argmax(1) == Y).double().mean())
        assert expected == pytest.approx(share, abs=0.03)


def test_fewer_levels_are_needed_for_a_wider_margin() -> None:
    needed = [predict_levels(RATE, X, Y, margin=margin).needed for margin in (0.001, 0.01, 0.1)]
    assert needed[0] > needed[1] > needed[2] >= 1


@pytest.mark.parametrize(
    ("x", "words", "error"),
    [
        (X, {"margin": -0.1}, ConfigError),
        (X, {"levels": ()}, ConfigError),
        (X, {"levels": (0,)}, ConfigError),
        (X[:5], {}, ShapeError),
        (torch.full_like(X, float("inf")), {}, NotFiniteError),
    ],
)
def test_what_cannot_be_predicted_is_named(x, words, error) -> None:
    with pytest.raises(error):
        predict_levels(RATE, x, Y, **words)
