"""Unequal lengths: checked, reversed within their valid part, read at their end."""

import pytest
import torch

from spiking.errors import ShapeError
from spiking.lengths import checked_lengths, last_valid, reverse_valid


def test_the_first_wrong_length_is_named() -> None:
    assert checked_lengths([0, 4], batch=2, steps=4).tolist() == [0, 4]
    with pytest.raises(ShapeError, match=r"lengths\[1\] is -1"):
        checked_lengths(torch.tensor([1, -1, 9]), batch=3, steps=4)
    with pytest.raises(ShapeError, match="expected"):
        checked_lengths(torch.tensor([1]), batch=2, steps=4)


def test_only_valid_steps_turn_round() -> None:
    x = torch.arange(8.0).reshape(4, 2, 1)
    turned = reverse_valid(x, torch.tensor([4, 2]))
    assert turned[:, 0, 0].tolist() == [6.0, 4.0, 2.0, 0.0]
    assert turned[:, 1, 0].tolist() == [3.0, 1.0, 5.0, 7.0]
    assert torch.equal(reverse_valid(x, None), x.flip(0))


def test_the_last_valid_value_is_read() -> None:
    x = torch.arange(8.0).reshape(2, 4, 1)
    assert last_valid(x, torch.tensor([1, 4])).flatten().tolist() == [0.0, 7.0]
    assert last_valid(x, None).flatten().tolist() == [3.0, 7.0]
