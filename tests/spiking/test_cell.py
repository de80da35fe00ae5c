"""The cell is a leaky integrator of counts, two rounded operations a step, never reset."""

import torch

from spiking.cell import integrate


def test_a_step_is_a_product_and_a_sum_in_float64() -> None:
    cell = torch.tensor([[1.0 / 3.0, -7.25]], dtype=torch.float64)
    forget = torch.tensor([0.9, 0.5], dtype=torch.float64)
    found = integrate(cell, forget, torch.tensor([[3.0, 0.0]]), torch.tensor([[1.0, 2.0]]))
    assert found.dtype == torch.float64
    assert found.tolist() == [[0.9 * (1.0 / 3.0) + 2.0, 0.5 * -7.25 - 2.0]]


def test_a_constant_input_reaches_the_geometric_limit() -> None:
    cell, forget = torch.zeros(1, 1, dtype=torch.float64), torch.tensor([0.75]).double()
    for _ in range(200):
        cell = integrate(cell, forget, torch.tensor([[2.0]]), torch.tensor([[1.0]]))
    torch.testing.assert_close(cell, torch.full((1, 1), 4.0).double())
