"""The same weights in another code; down from many levels to few."""

import pytest
import torch

from converter import anneal, convert, quantize, rate_of, recoded
from converter.fit import FitSettings
from converter.recode import fineness, refined
from spiking import (
    Adaptive,
    CodedNetwork,
    Coincidence,
    Compound,
    Mixed,
    Native,
    Population,
    Rate,
    SpikingNetwork,
)
from spiking.errors import ConfigError, CoverageError
from tests.converter.small_models import numbers, random_rate, random_x, same_numbers

X = random_x(batch=40)


@pytest.mark.parametrize("code", [Population(6), Rate(4), Compound(8)], ids=repr)
def test_recoding_equals_converting_into_that_code(code) -> None:
    rate = random_rate(1, layers=2)
    wanted = convert(rate, code=code).network
    for start in (Population(8), Compound(4)):
        found = recoded(convert(rate, code=start).network, code)
        assert type(found) is type(wanted)
        assert same_numbers(numbers(found), numbers(wanted))
        assert torch.equal(found(X), wanted(X))


@pytest.mark.parametrize("layers", [1, 2])
def test_the_rate_model_of_a_network_converts_into_it(layers) -> None:
    net = convert(random_rate(1, layers=layers), code=Population(6)).network
    found = convert(rate_of(net), code=Population(6)).network
    for a, b in zip(found.stack, net.stack, strict=True):
        assert torch.equal(a.weight_hh, b.weight_hh)
        assert torch.equal(a.bias, b.bias)
        assert torch.allclose(a.forget, b.forget, atol=1e-6)
    net.readout = None
    with pytest.raises(ConfigError, match="readout"):
        rate_of(net)


def test_a_computed_forget_is_kept_or_formed_otherwise() -> None:
    net = convert(random_rate(1, forget="gated"), code=Compound(4), forget=Native()).network
    assert recoded(net, Population(4)).stack[0].forgetting == Native()
    way = Coincidence(6, 1, 8, 4.0)
    assert recoded(net, Population(4), forget=way).stack[0].forgetting == way
    plain = convert(random_rate(1), code=Compound(4)).network
    with pytest.raises(ConfigError, match="constant"):
        recoded(plain, Compound(4), forget=way)


def test_a_code_that_cannot_is_named() -> None:
    with pytest.raises(CoverageError):
        recoded(convert(random_rate(1), code=Compound(4)).network, Adaptive())


def test_annealing_ends_in_the_last_code_and_is_off_the_grid() -> None:
    rate = random_rate(1)
    start = quantize(convert(rate, code=Population(8)).network)
    settings = FitSettings(epochs=1, batch_size=20)
    words = {"teacher": rate, "data": X, "settings": settings, "progress": False}
    done = anneal(start, codes=[Population(8), Population(4), Population(2)], **words)
    assert isinstance(done, SpikingNetwork)
    assert (done.code, done.grid) == (Population(2), None)
    coded = anneal(start, codes=[Compound(8), Compound(2)], **words)
    assert isinstance(coded, CodedNetwork)
    with pytest.raises(ConfigError, match="at least one"):
        anneal(start, codes=[], **words)


def test_a_code_is_refined_by_its_own_number() -> None:
    for code in (Population(6), Rate(6), Compound(6), Adaptive(6)):
        assert fineness(code) == 6
        assert fineness(refined(code, 24)) == 24
    with pytest.raises(ConfigError, match="parts"):
        refined(Mixed(Rate(2), Rate(4)), 8)
    with pytest.raises(ConfigError):
        refined(Population(6), 0)
