"""What the C++ core needs to know of a layer: one function for each code and way to forget."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .activation import ACTIVATIONS
from .coded_layer import CodedLayer
from .codes import Code, Compound, Mixed, Population, Rate
from .codes.rate import PIECEWISE
from .forgetting import Coincidence, Native, Shunt
from .kernels import Coder, Forget, Numbers
from .kernels.cpu import CODES


def known(layer: CodedLayer) -> bool:
    """Whether the core has its codes, its activation and its way to forget.

    Not the adaptive code: its hundreds of micro-steps a value are for a comparison, no more.
    """
    has_codes = {type(part) for part in parts(layer.code)} <= _CODERS.keys()
    has_forget = layer.forgetting is None or type(layer.forgetting) in _FORGETS
    return has_codes and has_forget and layer.activation.name in CODES


def parts(code: Code) -> tuple[Any, Any]:
    """The codes of u and of h."""
    return (code.inner, code.outer) if isinstance(code, Mixed) else (code, code)


def _compound(code: Compound, activation: str, unit: float | None) -> Coder:
    del unit
    return Coder("compound", activation, code.levels, digits=not code.persistent)


def _population(code: Population, activation: str, unit: float | None) -> Coder:
    function = ACTIVATIONS[activation]
    thresholds = code.thresholds(function)
    thresholds = thresholds if unit is None else code.off_ties(thresholds, unit=unit)
    return Coder(
        "population",
        activation,
        code.levels,
        thresholds=thresholds.float().double(),
        cell=code.cell_thresholds(function),
        signs=code.signs(),
    )


def _rate(code: Rate, activation: str, unit: float | None) -> Coder:
    del unit
    return Coder(
        "rate",
        PIECEWISE[activation],
        code.levels,
        micro_steps=code.steps,
        opponent=code.opponent,
        hard=code.reset == "hard",
        carry=code.carry,
    )


_CODERS: dict[type, Callable[[Any, str, float | None], Coder]] = {
    Compound: _compound,
    Population: _population,
    Rate: _rate,
}


def _native(way: Native, activation: str, levels: float) -> Forget:
    del way, levels
    return Forget("native", activation)


def _shunt(way: Shunt, activation: str, levels: float) -> Forget:
    del levels
    return Forget(
        "shunt",
        activation,
        limits=way.thresholds(),
        shift=2.0**-way.shift,
        one=2.0**way.fraction,
    )


def _coincidence(way: Coincidence, activation: str, levels: float) -> Forget:
    step = 2.0 * way.reach * levels / way.levels
    return Forget(
        "coincidence",
        activation,
        limits=way.leak_thresholds(),
        step=step,
        scale=way.leak_levels(),
        places=(torch.arange(way.levels // 2, dtype=torch.float64) + 0.5) * step,
    )


_FORGETS: dict[type, Callable[[Any, str, float], Forget]] = {
    Coincidence: _coincidence,
    Native: _native,
    Shunt: _shunt,
}


@functools.lru_cache(maxsize=64)
def _coders(code: Any, activation: str, unit: float | None) -> tuple[Coder, Coder]:
    inner, outer = (_CODERS[type(part)](part, activation, unit) for part in parts(code))
    return inner, outer


def numbers_of(layer: CodedLayer, *, held: bool) -> Numbers:
    """What the core needs of a layer; differentiable in its parameters.

    held  whether spikes of a code that says changes are added up at their receivers
    """
    unit, name = None if layer.grid is None else layer.grid.unit, layer.activation.name
    inner, outer = _coders(layer.code, name, unit)  # type: ignore[arg-type]  # codes are frozen
    forget = (
        Forget("constant", constant=layer.forget)
        if isinstance(layer.forget, Tensor)
        else _FORGETS[type(layer.forget)](layer.forget, name, layer.code.levels)
    )
    return Numbers(
        layer.weight_ih if layer.below is None else layer.weight_ih / layer.below,
        layer.weight_hh / layer.code.levels,
        layer.bias,
        inner,
        outer,
        forget,
        held and layer.code.persistent,
        held and layer.code.persistent and layer.below is not None,
    )


def signals(numbers: Numbers) -> tuple[str, ...]:
    """The four trains by name, two of u and two of h; empty where there is none."""
    return (*_named(numbers.inner, "", "d", "zi"), *_named(numbers.outer, "h", "h", "so"))


def _named(coder: Coder, message: str, difference: str, pair: str) -> tuple[str, ...]:
    if coder.kind == "compound":
        return message, ""
    return (difference, "") if coder.opponent else tuple(pair)
