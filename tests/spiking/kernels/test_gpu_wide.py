"""More than 64 units on a GPU: the definition's values and gradients, tile by tile."""

import pytest
import torch

from tests.spiking.kernels.triton_here import compare, found, leaves, need_triton

need_triton()

from spiking.kernels import gpu  # noqa: E402  only where Triton is


@pytest.mark.parametrize("gates", [3, 4])
@pytest.mark.parametrize(("hidden", "batch"), [(65, 1), (130, 19), (256, 3)])
@pytest.mark.parametrize(("gate", "output"), [("sigmoid", "sigmoid"), ("hard_sigmoid", "tanh")])
def test_rates_and_gradients(gates, hidden, batch, gate, output) -> None:
    compare(gpu.run, leaves(hidden, batch, gates, steps=3), gate, output)


@pytest.mark.parametrize(("hidden", "batch"), [(7, 3), (50, 19)])
def test_narrow_layers_too(hidden, batch, monkeypatch) -> None:
    monkeypatch.setattr(gpu, "_NEAR", 0)
    monkeypatch.setattr(gpu, "_TILE", 16)
    compare(gpu.run, leaves(hidden, batch, 4), "sigmoid", "plan")


def test_512_units() -> None:
    compare(gpu.run, leaves(512, 2, 3, steps=2), "sigmoid", "sigmoid")


def test_rounded_products_are_near_and_not_the_same() -> None:
    given = leaves(160, 5, 4, steps=3)
    given[2] = (0.2 * given[2].detach()).requires_grad_()  # weights of a trained layer's size
    compare(gpu.run, given, "sigmoid", "sigmoid", tolerance=4e-2, bf16=True)
    exact, rounded = (
        found(gpu.run, given, "sigmoid", "sigmoid", bf16=bf16)[0] for bf16 in (False, True)
    )
    assert not torch.equal(exact.h, rounded.h)
