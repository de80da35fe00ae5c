"""Where GPU kernels can run: on a GPU, or in Triton's interpreter; one comparison for all."""

import os

import pytest
import torch

from spiking.activation import ACTIVATIONS
from spiking.kernels import Weights
from spiking.kernels.reference import run_rate

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def need_triton() -> None:
    """Skip the module that asks, where there is neither."""
    pytest.importorskip("triton", reason="Triton is not installed here; make test-gpu installs it")
    if DEVICE == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("no GPU here, and TRITON_INTERPRET=1 is not set", allow_module_level=True)


def leaves(hidden: int, batch: int, gates: int, *, steps: int = 6) -> list[torch.Tensor]:
    torch.manual_seed(hidden + batch)
    rows = gates * hidden
    shapes = [
        (steps, batch, 3),
        (rows, 3),
        (rows, hidden),
        (rows,),
        (batch, hidden),
        (batch, hidden),
    ]
    made = [0.5 * torch.randn(shape) for shape in shapes]
    made += [torch.rand(hidden)] if gates == 3 else []
    return [each.to(DEVICE).requires_grad_() for each in made]


def found(function, given: list[torch.Tensor], gate: str, output: str, **more):
    x, weight_ih, weight_hh, bias, h0, c0, *forget = given
    weights = Weights(weight_ih, weight_hh, bias, forget[0] if forget else None)
    words = {"gate": ACTIVATIONS[gate], "output": ACTIVATIONS[output], **more}
    run = function(x, weights, h0, c0, **words)
    mixed = torch.sin(torch.arange(run.h.numel(), device=DEVICE)).view_as(run.h).to(run.h)
    loss = (run.h * mixed).sum() + (run.c * mixed.flip(0)).sum()
    return run, torch.autograd.grad(loss, given)


def compare(run, given, gate, output, *, tolerance: float = 1e-4, **more) -> None:
    """Values and gradients against the definition in float64."""
    exact = [each.detach().double().requires_grad_() for each in given]
    mine, grads = found(run, given, gate, output, **more)
    wanted, exact_grads = found(run_rate, exact, gate, output)
    torch.testing.assert_close(mine.h.double(), wanted.h, rtol=tolerance, atol=tolerance / 10)
    for one, other in zip(grads, exact_grads, strict=True):
        scale = max(1e-2, float(other.detach().abs().max()))
        assert float((one - other).detach().abs().max()) < tolerance * scale
