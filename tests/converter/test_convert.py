"""A rate model becomes a spiking network of the same numbers, or is refused by name."""

import importlib
import math

import pytest
import torch
from torch import nn

from converter import convert
from converter.fit import FitSettings
from spiking import Population, SpikingNetwork, SubLSTM, SubLSTMClassifier, twin_forward
from spiking.errors import CoverageError, EmptyDataError, NotFiniteError
from tests.converter.small_models import numbers, random_rate, random_rnn, random_x, same_numbers

# the package exports functions of these names, which hide the modules
CONVERT = importlib.import_module("converter.convert")
DISTIL = importlib.import_module("converter.distil")


def test_numbers_are_those_of_the_rate_model() -> None:
    rate = random_rate(layers=2, activation="hard_sigmoid")
    made = convert(rate, code=Population(levels=6))
    net, rnn = made.network, rate.rnn
    for index, layer in enumerate(net.stack):
        suffix = f"l{index}"
        assert torch.equal(layer.weight_ih, rnn.get("weight_ih", suffix))
        assert torch.equal(layer.weight_hh, rnn.get("weight_hh", suffix))
        bias = rnn.get("bias_ih", suffix) + rnn.get("bias_hh", suffix)
        assert torch.equal(layer.bias, bias)
        assert torch.equal(layer.forget, torch.sigmoid(rnn.get("forget", suffix).double()))
        assert (layer.code, layer.activation) == (Population(levels=6), "hard_sigmoid")
        assert layer.below == (None if index == 0 else 6)
    assert net.readout is not None
    assert torch.equal(net.readout.weight, rate.readout.weight)
    assert torch.equal(net.readout.bias, rate.readout.bias)
    assert not made.coverage.unsupported
    assert not net.training


@pytest.mark.parametrize("activation", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("two_sided", [False, True])
def test_fine_codes_come_close_to_the_rate_model(activation: str, two_sided: bool) -> None:
    rate = random_rate(3, layers=2, activation=activation)
    x = random_x(batch=8, steps=6)
    errors = []
    for levels in (4, 32, 256):
        net = convert(rate, code=Population(levels, two_sided)).network
        errors.append(float((twin_forward(net, x) - rate(x)).detach().abs().mean()))
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 0.01


def test_default_code_is_two_sided_with_eight_levels() -> None:
    assert convert(random_rnn()).network.code == Population(levels=8, two_sided=True)


def test_missing_biases_are_zeros_and_a_bare_rnn_has_no_readout() -> None:
    bare = convert(random_rnn(bias=False)).network
    assert bare.readout is None
    assert torch.equal(bare.stack[0].bias, torch.zeros(15))
    rate = SubLSTMClassifier(random_rnn(), nn.Linear(5, 4, bias=False))
    readout = convert(rate).network.readout
    assert readout is not None
    assert torch.equal(readout.bias, torch.zeros(4))


def test_argument_and_random_state_stay_as_they_were() -> None:
    rate = random_rate(dtype=torch.float64).double().train()
    before, state = numbers(rate), torch.get_rng_state()
    net = convert(rate).network
    with torch.no_grad():
        for value in net.parameters():
            value.add_(1.0)
    assert same_numbers(numbers(rate), before)
    assert rate.training
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (random_rate(forget="gated"), "l0.f"),
        (random_rate(cell_activation="tanh"), "l0.h"),
        (random_rate(bidirectional=True), "l0_reverse"),
        (
            SubLSTMClassifier(random_rnn(), nn.Linear(5, 2), readout_activation="relu"),
            "readout.activation",
        ),
        (nn.LSTM(3, 5), "the model itself"),
    ],
)
def test_uncovered_nodes_refuse_the_conversion(model: SubLSTM, name: str) -> None:
    with pytest.raises(CoverageError, match=name):
        convert(model)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["rnn.weight_hh_l1", "rnn.forget_l0", "readout.bias"])
def test_weights_that_are_not_finite_are_named(name: str, bad: float) -> None:
    rate = random_rate(layers=2)
    with torch.no_grad():
        rate.get_parameter(name).view(-1)[2] = bad
    with pytest.raises(NotFiniteError, match=rf"{name}: 1 of \d+ entries"):
        convert(rate)


def test_gated_forget_with_data_is_distilled_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DISTIL, "FitSettings", lambda **_: FitSettings(epochs=2))
    rate = random_rate(forget="gated", layers=2)
    before, state = numbers(rate), torch.get_rng_state()
    made = convert(rate, data=random_x(batch=20), progress=False)
    assert isinstance(made.network, SpikingNetwork)
    nodes = {node.name: node for node in made.coverage.nodes}
    for name in ("l0.f", "l1.f"):
        assert nodes[name].fidelity == "approximate"
        assert "distilled into a constant: agreement with the rate model" in nodes[name].reason
        assert "on 2 held-out samples" in nodes[name].reason
    assert not made.coverage.unsupported
    for layer in made.network.stack:
        assert bool(((layer.forget > 0.0) & (layer.forget < 1.0)).all())
    assert same_numbers(numbers(rate), before)
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(EmptyDataError):
        convert(rate, data=random_x(batch=0), progress=False)


def test_other_uncovered_nodes_are_named_before_distilling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(CONVERT, "distil")
    rate = random_rate(forget="gated", cell_activation="tanh")
    with pytest.raises(CoverageError, match=r"l0\.h") as caught:
        convert(rate, data=random_x())
    assert "l0.f" not in str(caught.value)


def test_fixed_forget_is_never_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(CONVERT, "distil")
    rate = random_rate()
    alone, given = convert(rate), convert(rate, data=random_x())
    assert same_numbers(numbers(alone.network), numbers(given.network))
    assert alone.coverage == given.coverage
