"""The adaptive neuron's numbers against those published with its equations."""

import pytest
import torch

from spiking.activation import ACTIVATIONS, ADAPTIVE, adaptive
from spiking.codes import Adaptive, Site


def test_height_and_transfer_function_are_the_published_ones() -> None:
    assert ADAPTIVE.height == pytest.approx(0.1244, abs=5e-5)
    drive = torch.tensor([0.1, 0.2, 0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
    published = torch.tensor([1.00, 1.95, 4.53, 8.04, 13.08, 16.54], dtype=torch.float64)
    assert torch.allclose(adaptive(drive) / ADAPTIVE.height, published, atol=0.006)
    assert float(adaptive(torch.tensor(0.049))) == 0.0


def test_the_rate_of_a_steady_neuron_is_the_published_one() -> None:
    """161 spikes a second at an input of 1 and m_f = 0.1."""
    code, one = Adaptive(20_000), torch.ones(1, 1)
    said = code.update(one, -one, code.start(one.double()), Site(ACTIVATIONS["adaptive"]))
    assert float(said.counts["z"]) / 20 == pytest.approx(161, rel=0.02)
