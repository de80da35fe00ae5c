"""A trained network in compound code as the arrays that chips with programmable neurons take."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hardware import CompoundLayer, CompoundNetwork
from spiking import CodedNetwork, Compound, SpikingNetwork
from spiking.activation import Activation
from spiking.errors import ConfigError, CoverageError

# of the line that stands for an activation: points 1/8 apart from -8 to 8, so that the pieces of
# `plan` and `hard_sigmoid` are exact and the sigmoid is within 4e-4, the most of it at the ends
_LINE_BITS = 3
_REACH = 8


@torch.no_grad()
def compound_network(
    net: CodedNetwork | SpikingNetwork, *, input_bits: int, input_max: float, theta: int = 1
) -> CompoundNetwork:
    """`net` for `hardware.check`, `deploy` and targets that take compound units.

    input_bits, input_max  of the grid that inputs are given on
    theta                  quanta that an output differs by before it is said; 1 is what `net` does

    Raises CoverageError for another code, for digits in the place of changes, and for a forget that
    is computed; ConfigError for a network without a readout.
    """
    code = net.code
    graded = isinstance(code, Compound) and code.persistent
    if isinstance(net, SpikingNetwork) or not graded:
        raise CoverageError(f"{code} is not Compound with message='delta'; use recoded(net, ...)")
    if net.readout is None:
        raise ConfigError("a network without a readout is no classifier; convert one that has it")
    layers = []
    for layer in net.stack:
        if not isinstance(layer.forget, Tensor):
            raise CoverageError(
                "a forget that is computed is a product of two states; train with forget='fixed'"
            )
        numbers = (layer.weight_ih, layer.weight_hh, layer.bias, layer.forget)
        layers.append(CompoundLayer(*map(_reals, numbers)))
    line, error = line_of(net.stack[0].activation)
    return CompoundNetwork(
        tuple(layers),
        readout=_reals(net.readout.weight),
        offset=_reals(net.readout.bias),
        line=line,
        line_bits=_LINE_BITS,
        line_error=error,
        levels=int(code.levels),
        theta=theta,
        input_bits=input_bits,
        input_max=input_max,
    )


def line_of(activation: Activation) -> tuple[NDArray[np.float64], float]:
    """Its values at the points of the line, and how far from it the line is at most."""
    points = torch.arange(-_REACH * 2**_LINE_BITS, _REACH * 2**_LINE_BITS + 1).double()
    points = points / 2**_LINE_BITS
    line = _reals(activation.function(points))
    every = torch.linspace(-4 * _REACH, 4 * _REACH, 2**16 + 1, dtype=torch.float64)
    between = np.interp(_reals(every), _reals(points), line)
    return line, float(np.abs(between - _reals(activation.function(every))).max())


def _reals(values: Any) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.detach().cpu().double().numpy().copy()
    return found
