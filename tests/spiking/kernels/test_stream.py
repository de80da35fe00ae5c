"""A stream is the whole sequence, one step after the other."""

import pytest
import torch

from spiking.activation import ACTIVATIONS
from spiking.errors import ShapeError
from spiking.kernels import RateStream, Weights
from spiking.kernels.reference import run_rate

ACT = ACTIVATIONS["sigmoid"]


def weights(gates: int) -> Weights:
    torch.manual_seed(gates)
    forget = torch.rand(20) if gates == 3 else None
    return Weights(
        torch.randn(gates * 20, 3), torch.randn(gates * 20, 20), torch.randn(gates * 20), forget
    )


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("gates", [3, 4])
@pytest.mark.parametrize("batch", [1, 7])
def test_steps_are_the_sequence(gates, batch, fast, monkeypatch) -> None:
    if not fast:
        monkeypatch.setenv("SUBSPIKE_KERNELS", "reference")
        from spiking.kernels import stream

        none = stream.core.__wrapped__()
        monkeypatch.setattr("spiking.kernels.stream.core", lambda: none)
    w, x, zeros = weights(gates), torch.randn(11, batch, 3), torch.zeros(batch, 20)
    wanted = run_rate(x, w, zeros, zeros, gate=ACT, output=ACT)
    stream = RateStream(w, batch=batch, gate=ACT, output=ACT)
    for _ in range(2):
        for t in range(11):
            torch.testing.assert_close(stream(x[t]), wanted.h[t], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(stream.c, wanted.c[t], rtol=1e-4, atol=1e-5)
        stream.reset()


def test_wrong_inputs_are_named() -> None:
    stream = RateStream(weights(3), batch=2, gate=ACT, output=ACT)
    for bad in (torch.zeros(1, 3), torch.zeros(2, 4), torch.zeros(2, 3, dtype=torch.float64)):
        with pytest.raises(ShapeError, match=r"takes \(2, 3\) float32"):
            stream(bad)
