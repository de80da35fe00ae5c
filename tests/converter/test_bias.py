"""What is systematic goes; what is not there is not touched."""

import pytest
import torch

from converter import convert, correct_bias, rate_trace
from spiking import Compound, Population, Rate, twin_trace
from spiking.errors import ConfigError, EmptyDataError
from tests.converter.small_models import numbers, random_rate, random_x, same_numbers

X = random_x(batch=200, steps=20)


@torch.no_grad()
def mean_error(net, rate) -> float:
    """Of the logits, which is what the readout hears."""
    found, wanted = twin_trace(net, X)["logits"], rate_trace(rate, X)["logits"]
    return float((found - wanted).mean((0, 1)).abs().max())


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("code", [Population(8), Rate(4)], ids=repr)
def test_a_planted_bias_is_taken_out(code, layers) -> None:
    rate = random_rate(1, layers=layers, hidden=8)
    net = convert(rate, code=code).network
    sound = mean_error(net, rate)
    with torch.no_grad():
        net.stack[0].bias[:8] += 0.5
    planted = mean_error(net, rate)
    done = correct_bias(net, teacher=rate, data=X)
    assert planted > 2 * sound
    assert mean_error(done, rate) < 0.7 * planted
    assert done.grid is None


def test_a_code_that_is_exact_stays_as_it_is() -> None:
    rate = random_rate(1)
    net = convert(rate, code=Compound(2**16)).network
    done = correct_bias(net, teacher=rate, data=[X[:50], X[50:]])
    for one, other in zip(numbers(net).values(), numbers(done).values(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    assert same_numbers(numbers(net), numbers(convert(rate, code=Compound(2**16)).network))


def test_bad_input_is_named() -> None:
    net = convert(random_rate(1), code=Compound(8)).network
    with pytest.raises(ConfigError):
        correct_bias(net, teacher=random_rate(1, hidden=9), data=X)
    with pytest.raises(EmptyDataError):
        correct_bias(net, teacher=random_rate(1), data=[])
