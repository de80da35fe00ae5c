"""Small networks on the grid in every code, for the tests of all of them."""

import torch

from spiking import Grid
from spiking.coded import CodedLayer, CodedNetwork
from spiking.codes import Adaptive, Compound, Mixed, Population, Rate
from spiking.forgetting import Coincidence, Native, Shunt

CODES = {
    "population": Population(4),
    "population, one-sided": Population(5, two_sided=False),
    "rate, opponent": Rate(4),
    "rate, opponent, no carry": Rate(4, carry=False),
    "rate, pairs": Rate(5, opponent=False),
    "rate, pairs, no carry": Rate(4, opponent=False, carry=False),
    "rate, hard reset": Rate(6, opponent=False, reset="hard"),
    "compound, delta": Compound(8),
    "compound, bits": Compound(13, message="bits"),
    "adaptive": Adaptive(12),
    "mixed populations": Mixed(Population(6), Population(4)),
    "mixed, rate inside": Mixed(Rate(3), Compound(8)),
    "mixed, compound inside": Mixed(Compound(8), Rate(4, opponent=False)),
}
FORGETS = {
    "constant": None,
    "native": Native(),
    "shunt": Shunt(3),
    "coincidence": Coincidence(6, 1, 8, 4.0),
}
GRID = Grid(weight_bits=8, input_bits=4, input_max=1.0)


def coded_net(
    code,
    *,
    forget=None,
    hidden=7,
    inputs=3,
    layers=1,
    classes=4,
    seed=0,
    gain=1.5,
    activation="sigmoid",
) -> CodedNetwork:
    """Random weights on the grid; `forget` None is a constant one."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    on = lambda value, step: torch.round(value / step) * step
    step, gates = 2.0**-GRID.weight_bits, 3 if forget is None else 4
    stack = []
    for index in range(layers):
        below = code.levels if index else None
        per = code.levels if index else 1.0
        width = hidden if index else inputs
        stack.append(
            CodedLayer(
                on(gain * draw(gates * hidden, width) / width**0.5 / per, step) * per,
                on(gain * draw(gates * hidden, hidden) / hidden**0.5 / code.levels, step)
                * code.levels,
                on(draw(gates * hidden) / 2, GRID.unit),
                torch.round(torch.rand(hidden, generator=generator) * 4000) / 4096
                if forget is None
                else forget,
                code=code,
                activation="adaptive" if isinstance(code, Adaptive) else activation,
                below=below,
                grid=GRID,
            )
        )
    readout = torch.nn.Linear(hidden, classes)
    with torch.no_grad():
        readout.weight.copy_(on(draw(classes, hidden) / code.levels, step) * code.levels)
        readout.bias.zero_()
    return CodedNetwork(stack, readout).eval()


def inputs(batch=5, steps=9, features=3, seed=1) -> torch.Tensor:
    """Inputs on the grid."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-16, 17, (batch, steps, features), generator=generator) / 16.0
