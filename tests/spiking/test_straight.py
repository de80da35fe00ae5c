"""The value is the exact one, the gradient the smooth one's."""

import torch

from spiking.straight import straight


def test_forward_exact_backward_smooth() -> None:
    x = torch.tensor([0.3, 1.7], requires_grad=True)
    value = straight(torch.round(x), x.square())
    assert value.tolist() == [0.0, 2.0]
    value.sum().backward()
    assert torch.equal(x.grad, 2 * x.detach())
    assert not straight(torch.round(x), x.detach()).requires_grad
