"""A network of compound units as arrays: what chips take whose neurons run programs.

NIR has no node for a sigmoid inside a neuron, nor for spikes that carry changes, so this is the
contract instead: numbers alone, which any trainer can fill.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, ShapeError

from .target import Family
from .violation import Violation

Reals = NDArray[np.float64]

# gates of a unit in the order of their rows
GATES = ("z", "i", "o")


@dataclass(frozen=True, eq=False)
class CompoundLayer:
    """Units with subtractive gates, whose values leave them as graded changes.

        a_t = W x_t + R s_{t-1} / K + b
        c_t = f c_{t-1} + act(a_z) - act(a_i),   n_t = round(K (act(c_t) - act(a_o)))
        m_t = n_t - s_{t-1} where that is theta or more, up or down, else 0,   s_t = s_{t-1} + m_t

    W into, R recurrent, b bias, f forget, c the cell, n the output in quanta, m the message that
    leaves the unit, s what its receivers hold; K levels, act and theta are the network's.

    into       rows z, i, o of all units  # (3 units, inputs)
    recurrent  (3 units, units)
    bias       (3 units,)
    forget     constants in [0, 1)  # (units,)

    Raises ShapeError, ConfigError for numbers that are not finite or out of range.
    """

    into: Reals
    recurrent: Reals
    bias: Reals
    forget: Reals

    def __post_init__(self) -> None:
        """Arrays fit each other."""
        units = len(self.forget)
        wanted = {"recurrent": (3 * units, units), "bias": (3 * units,), "forget": (units,)}
        for name, shape in wanted.items():
            if np.shape(getattr(self, name)) != shape:
                have = np.shape(getattr(self, name))
                raise ShapeError(f"{name} has shape {have}, not {shape} of {units} units")
        if np.ndim(self.into) != 2 or len(self.into) != 3 * units or not self.into.size:
            raise ShapeError(
                f"into has shape {np.shape(self.into)}, not ({3 * units}, inputs >= 1)"
            )
        _require_finite(into=self.into, recurrent=self.recurrent, bias=self.bias)
        if not ((self.forget >= 0) & (self.forget < 1)).all():
            raise ConfigError("a forget lies outside [0, 1); a cell has to lose what it holds")

    @property
    def units(self) -> int:
        """Units."""
        return len(self.forget)


@dataclass(frozen=True, eq=False)
class CompoundNetwork:
    """Layers of compound units and a linear readout of the top one.

    readout     (outputs, units), of s/K
    offset      (outputs,)
    line        values of act at an odd number of points around 0; straight lines between them,
                constant beyond them
    line_bits   the points are 2^-line_bits apart
    line_error  largest difference between the line and the function that it stands for
    levels      K, quanta in a value of 1
    theta       quanta that an output differs by before it is said
    input_bits  inputs are multiples of 2^-input_bits
    input_max   largest magnitude of an input

    Raises as the layers do.
    """

    layers: tuple[CompoundLayer, ...]
    readout: Reals
    offset: Reals
    line: Reals
    line_bits: int
    line_error: float
    levels: int
    theta: int
    input_bits: int
    input_max: float

    def __post_init__(self) -> None:
        """Layers fit each other, numbers mean something."""
        if not self.layers:
            raise ConfigError("a network needs a layer")
        widths = [layer.units for layer in self.layers]
        below = [layer.into.shape[1] for layer in self.layers[1:]]
        if below != widths[:-1] or np.shape(self.readout) != (len(self.offset), widths[-1]):
            raise ShapeError(
                f"layers of {widths} units take {below} from below, the readout has shape "
                f"{np.shape(self.readout)}, its offset {np.shape(self.offset)}"
            )
        if np.ndim(self.line) != 1 or len(self.line) < 3 or len(self.line) % 2 == 0:
            raise ShapeError(f"the line has shape {np.shape(self.line)}, not (3 or more, odd)")
        _require_finite(readout=self.readout, offset=self.offset, line=self.line)
        counts = {"levels": self.levels, "theta": self.theta}
        bits = {"line_bits": self.line_bits, "input_bits": self.input_bits}
        wrong = [f"{name} {n}" for name, n in counts.items() if not 1 <= n <= 2**16]
        wrong += [f"{name} {n}" for name, n in bits.items() if not 0 <= n <= 24]
        if not 0 < self.input_max < np.inf:
            wrong.append(f"input_max {self.input_max}")
        if wrong:
            raise ConfigError(f"{', '.join(wrong)}: out of range")

    @property
    def inputs(self) -> int:
        """Entries of the input at a step."""
        return int(self.layers[0].into.shape[1])


def _require_finite(**arrays: Reals) -> None:
    wrong = [name for name, each in arrays.items() if not np.isfinite(each).all()]
    if wrong:
        raise ConfigError(f"{', '.join(wrong)}: numbers that are not finite")


COMPOUNDS = Family(
    read=lambda network: network,
    refusal=Violation(
        "network_is_of_compound_units",
        "graph",
        "",
        "a CompoundNetwork",
        "use subspike.compound_network, because NIR has no compound unit",
    ),
    hidden=lambda network: sum(layer.units for layer in network.layers),
    rules=(),
    kind=CompoundNetwork,
    widths=lambda network: (network.inputs, len(network.offset)),
)
