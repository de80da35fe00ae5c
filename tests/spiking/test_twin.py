"""The quantised twin is the spiking network, bit for bit, and converges to the rate model."""

import math
from functools import partial

import pytest
import torch

from converter import convert, rate_trace
from spiking import Population, twin_forward, twin_trace
from spiking.activation import ACTIVATIONS
from spiking.twin import levels as count_levels
from tests.spiking.random_nets import random_inputs, random_network, random_rate


@pytest.mark.parametrize("seed", range(24))
def test_twin_and_network_are_equal(seed, monkeypatch) -> None:
    words = {
        "layers": 1 + seed % 3,
        "levels": (2, 4, 6, 8, 16)[seed % 5],
        "two_sided": seed % 4 != 3,
        "activation": ("sigmoid", "hard_sigmoid")[seed % 2],
        "on_grid": seed % 3 != 1,
    }
    if not words["on_grid"]:
        # there the order of a sum matters, and the core has its own
        monkeypatch.setattr("spiking.kernels.usable", lambda _: False)
    net, x = random_network(seed, **words), random_inputs(seed)
    run, twin = net.run(x, record=True), twin_trace(net, x)
    # off the grid the readout of all steps at once may round otherwise than step by step
    same = torch.equal if net.grid is not None else partial(torch.allclose, atol=1e-6)
    assert same(run.logits, twin["logits"])
    assert same(net(x), twin_forward(net, x))
    for index, layer in enumerate(net.stack):
        for name in "zio":
            counted = (run.spikes[f"l{index}.{name}"] * layer.signs).sum(-1) - net.code.rest
            assert torch.equal(counted / net.code.levels, twin[f"l{index}.{name}"])
        cells = run.cells[f"l{index}.c"].to(twin[f"l{index}.c"].dtype)
        assert torch.equal(cells, twin[f"l{index}.c"])


def test_error_falls_as_one_over_levels() -> None:
    counts, errors = (4, 8, 16, 32, 64), []
    for count in counts:
        squares = []
        for seed in range(6):
            rate, x = random_rate(seed), random_inputs(seed, batch=8)
            net = convert(rate, code=Population(count)).network
            difference = twin_trace(net, x)["l0.h"] - rate_trace(rate, x)["l0.h"]
            squares.append(float((difference.detach() ** 2).mean()))
        errors.append(math.sqrt(sum(squares) / len(squares)))
    order = math.log(errors[0] / errors[-1]) / math.log(counts[-1] / counts[0])
    assert 0.75 < order < 1.25


@pytest.mark.parametrize("name", ["sigmoid", "hard_sigmoid"])
def test_gradient_is_the_activations_slope(name) -> None:
    act, count = ACTIVATIONS[name], 8
    thresholds = Population(count).thresholds(act)
    a = torch.linspace(-3, 3, 41, dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(count_levels(a, thresholds, activation=act, scale=1.0).sum(), a)
    (wanted,) = torch.autograd.grad(count * act.function(a).sum(), a)
    torch.testing.assert_close(found, wanted)


def test_lengths_choose_the_last_valid_step() -> None:
    net, x = random_network(1), random_inputs(1)
    lengths = torch.tensor([2, 9, 4])
    assert torch.equal(twin_forward(net, x, lengths), net(x, lengths))
