"""Inverses undo their activations, and unknown names are refused."""

import pickle

import pytest
import torch

from spiking.activation import ACTIVATIONS, activation_named, hard_sigmoid
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


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activation_can_be_sent_to_another_process(name) -> None:
    assert pickle.loads(pickle.dumps(ACTIVATIONS[name])) == ACTIVATIONS[name]
