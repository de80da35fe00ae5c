"""Activations in double precision, made of operators that IEEE 754 defines to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from spiking.activation import EXP_SERIES, LARGEST_EXPONENT, LN2, LOG2_E, POWERS_OF_TWO
from spiking.errors import ExportError

from .onnx_parts import Parts


def exactly(parts: Parts, x: str, activation: str) -> str:
    """An activation of double precision, to the bit what `spiking.activation` makes of it.

    Raises ExportError for one that is not made of basic operations.
    """
    if activation not in _EXACT:
        raise ExportError(
            f"the activation {activation!r} has other last bits in every runtime and is not "
            f"written for spikes; {', '.join(_EXACT)} are"
        )
    return _EXACT[activation](parts, x)


def number(parts: Parts, value: float | NDArray[Any]) -> str:
    """A double constant."""
    return parts.constant(np.asarray(value, dtype=np.float64))


def _clipped(parts: Parts, x: str, low: float, high: float) -> str:
    return parts.add("Clip", x, number(parts, low), number(parts, high))


def _sigmoid(parts: Parts, x: str) -> str:
    y = _clipped(parts, parts.add("Neg", x), -LARGEST_EXPONENT, LARGEST_EXPONENT)
    n = parts.add("Round", parts.add("Mul", y, number(parts, LOG2_E)))
    r = y
    for part in LN2:
        r = parts.add("Sub", r, parts.add("Mul", n, number(parts, part)))
    series = parts.add("Add", parts.add("Mul", r, number(parts, EXP_SERIES[0])), _term(parts, 1))
    for k in range(2, len(EXP_SERIES)):
        series = parts.add("Add", parts.add("Mul", series, r), _term(parts, k))
    place = parts.cast(
        parts.add("Add", n, number(parts, len(POWERS_OF_TWO) // 2)), TensorProto.INT64
    )
    power = parts.add("Gather", number(parts, np.array(POWERS_OF_TWO)), place, axis=0)
    below = parts.add("Add", number(parts, 1.0), parts.add("Mul", series, power))
    # ONNX Runtime rewrites (1 / a) b into b / a, which rounds once less; a minus sign keeps it away
    return parts.add("Neg", parts.add("Div", number(parts, -1.0), below))


def _term(parts: Parts, k: int) -> str:
    return number(parts, EXP_SERIES[k])


def line(parts: Parts, x: str) -> str:
    """x/4 + 1/2, the hard sigmoid before it is clipped."""
    return parts.add("Add", parts.add("Mul", x, number(parts, 0.25)), number(parts, 0.5))


def _plan(parts: Parts, x: str) -> str:
    inner, middle, outer = (_clipped(parts, x, -b, b) for b in (1.0, 2.375, 4.875))
    total = parts.add("Add", number(parts, 0.5), parts.add("Div", inner, number(parts, 8.0)))
    total = parts.add("Add", total, parts.add("Mul", middle, number(parts, 3 / 32)))
    return parts.add("Add", total, parts.add("Div", outer, number(parts, 32.0)))


_EXACT: dict[str, Callable[[Parts, str], str]] = {
    "hard_sigmoid": lambda parts, x: _clipped(parts, line(parts, x), 0.0, 1.0),
    "plan": _plan,
    "sigmoid": _sigmoid,
}
