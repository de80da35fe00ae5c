"""Small random models that the tests of this folder share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from converter import convert, quantize
from spiking import Population, SpikingNetwork, SubLSTM, SubLSTMClassifier

INPUTS = 3


def random_rnn(seed: int = 0, *, hidden: int = 5, layers: int = 1, **words: Any) -> SubLSTM:
    """Weights from N(0, 1), so that gates and cells use their whole range; fixed forget."""
    torch.manual_seed(seed)
    words = {"forget": "fixed", "t_max": 9} | words
    rnn = SubLSTM(INPUTS, hidden, layers, batch_first=True, **words)
    with torch.no_grad():
        for name, value in rnn.named_parameters():
            if not name.startswith("forget"):
                value.normal_()
    return rnn.eval()


def random_rate(seed: int = 0, *, classes: int = 4, **words: Any) -> SubLSTMClassifier:
    """`random_rnn` with a readout."""
    rnn = random_rnn(seed, **words)
    readout = nn.Linear(rnn.hidden_size * rnn.num_directions, classes)
    return SubLSTMClassifier(rnn, readout).eval()


def random_net(
    seed: int = 0,
    *,
    levels: int = 8,
    two_sided: bool = True,
    readout: bool = True,
    weight_bits: int | None = None,
    **words: Any,
) -> SpikingNetwork:
    """A quantised spiking network, converted from a random rate model."""
    rate = random_rate(seed, **words) if readout else random_rnn(seed, **words)
    net = convert(rate, code=Population(levels, two_sided)).network
    return quantize(net, weight_bits=weight_bits)


def random_x(seed: int = 0, *, batch: int = 4, steps: int = 8) -> Tensor:
    """Inputs in [-1, 1], ends included.  # (batch, steps, INPUTS)"""
    x = torch.rand(batch, steps, INPUTS, generator=torch.Generator().manual_seed(seed))
    return torch.round(x * 64.0) / 32.0 - 1.0


def numbers(model: nn.Module) -> dict[str, Tensor]:
    """A copy of everything that a model holds."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def same_numbers(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two such copies are equal bit for bit, dtypes included."""
    return one.keys() == other.keys() and all(
        value.dtype == other[name].dtype and torch.equal(value, other[name])
        for name, value in one.items()
    )
