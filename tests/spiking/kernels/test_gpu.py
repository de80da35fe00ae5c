"""Kernels for a GPU, on one or in Triton's interpreter: the definition's values and gradients."""

import os

import pytest
import torch

from spiking.activation import ACTIVATIONS
from spiking.kernels import Weights
from spiking.kernels.reference import run_rate
from tests.spiking.random_nets import random_inputs, random_network

pytest.importorskip("triton", reason="Triton is not installed here; make test-gpu installs it")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
if DEVICE == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
    pytest.skip("no GPU here, and TRITON_INTERPRET=1 is not set", allow_module_level=True)

from spiking.kernels import gpu  # noqa: E402  only where Triton is


def leaves(hidden: int, batch: int, gates: int) -> list[torch.Tensor]:
    torch.manual_seed(hidden + batch)
    rows = gates * hidden
    shapes = [(6, batch, 3), (rows, 3), (rows, hidden), (rows,), (batch, hidden), (batch, hidden)]
    made = [0.5 * torch.randn(shape) for shape in shapes]
    made += [torch.rand(hidden)] if gates == 3 else []
    return [each.to(DEVICE).requires_grad_() for each in made]


def found(function, given: list[torch.Tensor], gate: str, output: str):
    x, weight_ih, weight_hh, bias, h0, c0, *forget = given
    weights = Weights(weight_ih, weight_hh, bias, forget[0] if forget else None)
    words = {"gate": ACTIVATIONS[gate], "output": ACTIVATIONS[output]}
    run = function(x, weights, h0, c0, **words)
    mixed = torch.sin(torch.arange(run.h.numel(), device=DEVICE)).view_as(run.h).to(run.h)
    loss = (run.h * mixed).sum() + (run.c * mixed.flip(0)).sum()
    return run, torch.autograd.grad(loss, given)


@pytest.mark.parametrize("gates", [3, 4])
@pytest.mark.parametrize(("hidden", "batch"), [(1, 1), (16, 16), (50, 19), (100, 3)])
@pytest.mark.parametrize(("gate", "output"), [("sigmoid", "sigmoid"), ("hard_sigmoid", "tanh")])
def test_rates_and_gradients(gates, hidden, batch, gate, output) -> None:
    given = leaves(hidden, batch, gates)
    exact = [each.detach().double().requires_grad_() for each in given]
    mine, grads = found(gpu.run, given, gate, output)
    wanted, exact_grads = found(run_rate, exact, gate, output)
    torch.testing.assert_close(mine.h.double(), wanted.h, rtol=1e-4, atol=1e-5)
    for one, other in zip(grads, exact_grads, strict=True):
        scale = max(1e-2, float(other.abs().max()))
        assert float((one - other).detach().abs().max()) < 1e-4 * scale


@pytest.mark.parametrize("seed", range(6))
def test_spikes_are_equal(seed) -> None:
    net = random_network(seed, levels=(4, 8)[seed % 2], two_sided=seed % 3 != 2)
    x = random_inputs(seed, batch=1 + 5 * seed)
    with torch.no_grad():
        run = net.run(x)
        layer, state = net.stack[0], net.initial_state(len(x))[0]
        numbers = [n.to(DEVICE) if isinstance(n, torch.Tensor) else n for n in layer.numbers()]
        given = net.encode(x).transpose(0, 1).to(DEVICE)
        counts, cell = gpu.run_spikes(
            given, type(layer.numbers())(*numbers), *(v.to(DEVICE) for v in state[::-1])
        )
    assert torch.equal(counts.cpu().transpose(0, 1) / net.code.levels, run.output)
    assert torch.equal(cell.cpu(), run.state[0].cell)
