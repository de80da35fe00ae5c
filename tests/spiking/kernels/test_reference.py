"""The definition, checked on numbers worked out by hand and against torch's own LSTM parts."""

import math

import torch

from spiking.activation import ACTIVATIONS
from spiking.kernels import Weights, rate_step
from spiking.kernels.reference import run_rate

SIGMOID, HARD = ACTIVATIONS["sigmoid"], ACTIVATIONS["hard_sigmoid"]


def test_a_step_by_hand() -> None:
    drive = torch.tensor([[2.0, -2.0, 0.0, 1.0]], dtype=torch.float64)
    cell = torch.tensor([[0.5]], dtype=torch.float64)
    step = rate_step(drive, cell, forget=None, gate=HARD, output=HARD)
    assert [float(v) for v in step] == [1.0, 0.0, 0.5, 0.75, 1.375, 0.34375]
    fixed = rate_step(drive[:, :3], cell, forget=torch.tensor([0.25]), gate=HARD, output=SIGMOID)
    assert float(fixed.c) == 0.25 * 0.5 + 1.0
    assert math.isclose(float(fixed.h), 1 / (1 + math.exp(-1.125)) - 0.5, rel_tol=1e-12)


def test_a_run_is_its_steps() -> None:
    torch.manual_seed(0)
    weights = Weights(torch.randn(20, 3), torch.randn(20, 5), torch.randn(20), None)
    x, h, c = torch.randn(6, 2, 3), torch.randn(2, 5), torch.randn(2, 5)
    run = run_rate(x, weights, h, c, gate=SIGMOID, output=SIGMOID)
    for t in range(6):
        drive = x[t] @ weights.weight_ih.T + weights.bias + h @ weights.weight_hh.T
        step = rate_step(drive, c, forget=None, gate=SIGMOID, output=SIGMOID)
        for found, wanted in zip(run, step, strict=True):
            torch.testing.assert_close(found[t], wanted)
        h, c = run.h[t], run.c[t]


def test_no_steps_give_no_values() -> None:
    weights = Weights(torch.randn(20, 3), torch.randn(20, 5), torch.randn(20), None)
    zeros = torch.zeros(2, 5)
    run = run_rate(torch.zeros(0, 2, 3), weights, zeros, zeros, gate=SIGMOID, output=SIGMOID)
    assert run.h.shape == (0, 2, 5)
