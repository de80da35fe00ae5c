"""Canonic signed digits: the number back, no two neighbours, and as many as counted."""

import torch

from spiking.codes.compound import digits_needed, signed_digits


def test_digits_say_the_number_and_are_canonic() -> None:
    n = torch.arange(-200, 201).float()
    digits = signed_digits(n, wires=10)
    assert torch.equal(digits.sum(-1), n)
    assert set((digits / 2.0 ** torch.arange(10)).unique().tolist()) == {-1.0, 0.0, 1.0}
    used = digits != 0
    assert not (used[..., 1:] & used[..., :-1]).any()
    assert torch.equal(used.sum(-1).float(), digits_needed(n))
