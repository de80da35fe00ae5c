"""One step from the teacher's state: nothing to learn for the teacher itself, and it teaches."""

import pytest
import torch

from converter import convert, rate_trace, tune
from converter.fit import FitSettings
from converter.forcing import forced_loss
from converter.matching import matching_loss
from spiking import Compound, Native, Population, Rate, twin_trace
from spiking.errors import ConfigError
from tests.converter.small_models import random_rate, random_x

X = random_x(batch=60, steps=12)


@pytest.mark.parametrize("forget", ["fixed", "gated"])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_code_without_rounding_follows_the_teacher(forget, layers) -> None:
    rate = random_rate(1, layers=layers, forget=forget)
    way = Native() if forget == "gated" else None
    with torch.no_grad():
        goal = rate_trace(rate, X)
        losses = [
            float(forced_loss(convert(rate, code=Compound(k), forget=way).network, X, goal))
            for k in (2, 8, 2**16)
        ]
    assert losses[0] > 4 * losses[1] > 1000 * losses[2]


def test_forced_tuning_helps_where_steps_follow_each_other() -> None:
    rate = random_rate(1, hidden=8)
    net = convert(rate, code=Rate(2)).network
    settings = FitSettings(epochs=10, batch_size=20, learning_rate=1e-2)
    done = tune(net, teacher=rate, data=X, settings=settings, forced=True, progress=False)
    with torch.no_grad():
        goal = rate_trace(rate, X)
        before, after = (float(matching_loss(twin_trace(n, X), goal)) for n in (net, done))
    assert after < before


def test_a_population_network_is_tuned_through_time_instead() -> None:
    rate = random_rate(1)
    with pytest.raises(ConfigError, match="through time"):
        tune(convert(rate, code=Population(4)).network, teacher=rate, data=X, forced=True)
