"""Random spiking networks and inputs of every shape that an ONNX file may have."""

from __future__ import annotations

import torch
from torch import Tensor

from spiking import CodedNetwork, SpikingNetwork
from spiking.codes import Compound, Mixed, Population, Rate
from spiking.forgetting import Coincidence, Native
from tests.converter.small_models import random_net, random_x
from tests.spiking.coded_nets import coded_net


def drawn(seed: int) -> tuple[SpikingNetwork, Tensor]:
    """A network in population code, and inputs (batch, time, 3): every third seed is one sample,
    every fourth one step, every fifth one unit.
    """
    draw = torch.Generator().manual_seed(seed)
    number = lambda low, high: int(torch.randint(low, high + 1, (1,), generator=draw))
    two_sided = bool(number(0, 1))
    net = random_net(
        seed,
        layers=number(1, 3),
        levels=2 * number(1, 12) if two_sided else number(1, 15),
        two_sided=two_sided,
        activation=("sigmoid", "hard_sigmoid")[number(0, 1)],
        hidden=1 if seed % 5 == 0 else number(2, 12),
        readout=bool(number(0, 3)),
        weight_bits=5 if seed % 2 else None,
    )
    batch = 1 if seed % 3 == 0 else number(2, 6)
    steps = 1 if seed % 4 == 0 else number(2, 24)
    return net, 1.3 * random_x(seed, batch=batch, steps=steps)


CODED = {
    "population, native": (Population(6), Native()),
    "population, one-sided, coincidence": (
        Population(3, two_sided=False),
        Coincidence(6, 1, 8, 4.0),
    ),
    "compound": (Compound(8), None),
    "compound, native": (Compound(8), Native()),
    "compound, digits, native": (Compound(13, message="bits"), Native()),
    "rate": (Rate(4), None),
    "rate, pairs, native": (Rate(5, opponent=False), Native()),
    "rate, no carry": (Rate(3, carry=False), None),
    "rate, hard reset": (Rate(6, opponent=False, reset="hard"), None),
    "mixed": (Mixed(Rate(3), Compound(8)), Native()),
    "mixed, compound inside": (
        Mixed(Compound(8), Rate(4, opponent=False)),
        Coincidence(6, 1, 8, 4.0),
    ),
}


def drawn_coded(name: str, seed: int) -> tuple[CodedNetwork, Tensor]:
    """A network of one or two layers in one of CODED."""
    code, forget = CODED[name]
    draw = torch.Generator().manual_seed(seed)
    net = coded_net(code, forget=forget, layers=1 + seed % 2, seed=seed, hidden=1 + 3 * (seed % 3))
    batch, steps = (int(torch.randint(1, 12, (1,), generator=draw)) for _ in range(2))
    return net, 1.2 * random_x(seed, batch=batch, steps=steps)
