"""A fingerprint follows every number and name, and nothing else."""

import copy

import torch

from converter.digest import digest
from tests.converter.small_models import random_rate


def test_the_fingerprint_follows_the_numbers() -> None:
    rate = random_rate(0)
    same, other = copy.deepcopy(rate), copy.deepcopy(rate)
    with torch.no_grad():
        other.readout.bias[0] += 1e-6
    assert digest(rate) == digest(same.train())
    assert len({digest(rate), digest(other), digest(random_rate(1))}) == 3


def test_the_fingerprint_follows_the_names() -> None:
    one = torch.nn.ParameterDict({"a": torch.ones(2)})
    other = torch.nn.ParameterDict({"b": torch.ones(2)})
    assert digest(one) != digest(other)
