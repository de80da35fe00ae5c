"""A rounded value that learns as if it were not rounded."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Straight(torch.autograd.Function):
    """Forward: the exact value. Backward: as if it were the smooth one."""

    @staticmethod
    def forward(_ctx: Any, exact: Tensor, _smooth: Tensor) -> Tensor:
        return exact.clone()

    @staticmethod
    def backward(_ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        return None, grads[0]


def straight(exact: Tensor, smooth: Tensor) -> Tensor:
    """`exact` with the gradient of `smooth` (Bengio et al. 2013, arXiv 1308.3432)."""
    if not smooth.requires_grad:
        return exact.detach()
    value: Tensor = _Straight.apply(exact.detach(), smooth)  # type: ignore[no-untyped-call]  # torch types no Function
    return value
