"""Up to 64 units on a GPU: the definition's values and gradients."""

import pytest

from tests.spiking.kernels.triton_here import compare, leaves, need_triton

need_triton()

from spiking.kernels import gpu  # noqa: E402  only where Triton is


@pytest.mark.parametrize("gates", [3, 4])
@pytest.mark.parametrize(("hidden", "batch"), [(1, 1), (16, 16), (50, 19), (64, 3)])
@pytest.mark.parametrize(
    ("gate", "output"), [("sigmoid", "sigmoid"), ("hard_sigmoid", "tanh"), ("plan", "plan")]
)
def test_rates_and_gradients(gates, hidden, batch, gate, output) -> None:
    compare(gpu.run, leaves(hidden, batch, gates), gate, output)
