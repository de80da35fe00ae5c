"""Inverses undo their activations, and unknown names are refused."""

import math
import pickle

import pytest
import torch

from spiking.activation import ACTIVATIONS, activation_named, exact_sigmoid, hard_sigmoid
from spiking.errors import ConfigError


@pytest.mark.parametrize("name", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("p", [0.01, 0.25, 0.5, 0.9])
def test_the_inverse_undoes_the_function(name, p) -> None:
    act = ACTIVATIONS[name]
    value = act.function(torch.tensor(act.inverse(p), dtype=torch.float64))
    assert abs(float(value) - p) < 1e-12


def test_the_hard_sigmoid_is_the_tangent_at_rest_and_clips() -> None:
    x = torch.tensor([-9.0, -2.0, 0.0, 1.0, 2.0, 9.0])
    assert hard_sigmoid(x).tolist() == [0.0, 0.0, 0.5, 0.75, 1.0, 1.0]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="sigmoid"):
        activation_named("relu", among=("sigmoid", "tanh"))


def test_the_exact_sigmoid_is_a_sigmoid_to_the_last_places() -> None:
    x = torch.cat([torch.linspace(-720, 720, 20001), torch.linspace(-40, 40, 20001)]).double()
    found, wanted = exact_sigmoid(x), 1.0 / (1.0 + torch.exp(-x))
    inside = x.abs() < 708
    assert float((found[inside] / wanted[inside] - 1).abs().max()) < 4 * torch.finfo(x.dtype).eps
    assert exact_sigmoid(torch.tensor([-1e300, 0.0, 1e300]).double()).tolist()[1:] == [0.5, 1.0]
    assert float(exact_sigmoid(torch.tensor(-math.inf).double())) < 1e-300
    assert torch.isnan(exact_sigmoid(torch.tensor(math.nan).double()))


def test_the_sigmoid_of_double_precision_is_exact_and_learns() -> None:
    x = torch.randn(50, dtype=torch.float64, requires_grad=True)
    value = ACTIVATIONS["sigmoid"].function(x)
    assert torch.equal(value, exact_sigmoid(x.detach()))
    value.sum().backward()
    s = torch.sigmoid(x.detach())
    torch.testing.assert_close(x.grad, s * (1 - s))
    single = x.detach().float()
    assert torch.equal(ACTIVATIONS["sigmoid"].function(single), torch.sigmoid(single))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activation_can_be_sent_to_another_process(name) -> None:
    assert pickle.loads(pickle.dumps(ACTIVATIONS[name])) == ACTIVATIONS[name]
