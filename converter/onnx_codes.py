"""Spike codes in ONNX operators: what each says of a difference of two values, bit for bit.

Everything is float64, as in `spiking.codes`, but the counts of populations, and made of operators
that IEEE 754 defines to the last bit (see `onnx_exact`).
Micro-steps are not unrolled: how many spikes a neuron has fired after k of them has a closed form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from spiking.activation import ACTIVATIONS
from spiking.codes import Compound, Mixed, Population, Rate
from spiking.codes.rate import CURRENT_STEP
from spiking.errors import ExportError

from .onnx_exact import exactly, line, number
from .onnx_parts import Parts, counted, fired

DOUBLE, FLOAT = TensorProto.DOUBLE, TensorProto.FLOAT
Memory = Mapping[str, str]


class Told(NamedTuple):
    """Names of what a coder made of a step.

    value   the difference in quanta, double                     # (batch, hidden)
    trains  {"z": what each spike adds to it, float, ...}        # (batch, hidden, wires)
    memory  of the coder after the step, double                  # (batch, hidden)
    """

    value: str
    trains: dict[str, str]
    memory: dict[str, str]


@dataclass(frozen=True)
class Coder:
    """A code at a site. Drives are float (batch, hidden), cells double, in quanta.

    unit  step of a drive
    """

    code: Any
    activation: str
    unit: float

    @property
    def inner(self) -> dict[str, int]:
        """Trains that `update` has, and their wires."""
        return {}

    @property
    def outer(self) -> dict[str, int]:
        """The same of `output`."""
        return {}

    @property
    def memory(self) -> tuple[str, ...]:
        """What it remembers, all 0 in silence."""
        return ()

    def update(self, parts: Parts, z: str, i: str, memory: Memory) -> Told:
        """U = act(z) - act(i)."""
        raise NotImplementedError

    def output(self, parts: Parts, cell: str, o: str, before: str, memory: Memory) -> Told:
        """H = act(c) - act(o); before: H of the last step, float."""
        raise NotImplementedError


def coder(code: Any, activation: str, unit: float) -> Coder:
    """The coder of a code whose drives are multiples of `unit`.

    Raises ExportError for a code that ONNX does not carry.
    """
    if type(code) not in _CODERS:
        known = ", ".join(kind.__name__ for kind in _CODERS)
        raise ExportError(
            f"{code} fires in hundreds of micro-steps, each of which depends on the one before, "
            f"and is not written to ONNX; {known} are, and keep the network's own file"
        )
    return _CODERS[type(code)](code, activation, unit)


class _Population(Coder):
    @property
    def inner(self) -> dict[str, int]:
        return dict.fromkeys("zi", self.code.levels)

    @property
    def outer(self) -> dict[str, int]:
        return dict.fromkeys("so", self.code.levels)

    def update(self, parts: Parts, z: str, i: str, memory: Memory) -> Told:
        del memory
        return self._told(parts, "zi", [self._gate(parts, z), self._gate(parts, i)])

    def output(self, parts: Parts, cell: str, o: str, before: str, memory: Memory) -> Told:
        del before, memory
        limits = self.code.cell_thresholds(ACTIVATIONS[self.activation]).numpy()
        s = fired(parts, cell, number(parts, limits), self._signs(parts), DOUBLE)
        return self._told(parts, "so", [s, self._gate(parts, o)])

    def _gate(self, parts: Parts, drive: str) -> str:
        raw = self.code.thresholds(ACTIVATIONS[self.activation])
        limits = parts.constant(self.code.off_ties(raw, unit=self.unit).float().numpy())
        return fired(parts, drive, limits, self._signs(parts), FLOAT)

    def _signs(self, parts: Parts) -> str:
        return parts.constant(self.code.signs().numpy())

    def _told(self, parts: Parts, names: str, rasters: list[str]) -> Told:
        signs = self._signs(parts)
        plus, minus = (counted(parts, raster, signs) for raster in rasters)
        each = (signs, parts.constant(-self.code.signs().numpy()))
        trains = {
            name: parts.add("Mul", raster, sign)
            for name, raster, sign in zip(names, rasters, each, strict=True)
        }
        return Told(parts.cast(parts.add("Sub", plus, minus), DOUBLE), trains, {})


class _Compound(Coder):
    @property
    def outer(self) -> dict[str, int]:
        return {"h": self.code.wires}

    def update(self, parts: Parts, z: str, i: str, memory: Memory) -> Told:
        del memory
        return Told(self._quanta(parts, parts.cast(z, DOUBLE), parts.cast(i, DOUBLE)), {}, {})

    def output(self, parts: Parts, cell: str, o: str, before: str, memory: Memory) -> Told:
        del memory
        value = parts.add("Div", cell, number(parts, self.code.levels))
        n = parts.add("Round", self._quanta(parts, value, parts.cast(o, DOUBLE)))
        if self.code.persistent:
            said = parts.wide(parts.add("Sub", n, parts.cast(before, DOUBLE)))
        else:
            said = self._digits(parts, n)
        return Told(n, {"h": parts.cast(said, FLOAT)}, {})

    def _quanta(self, parts: Parts, plus: str, minus: str) -> str:
        values = [exactly(parts, each, self.activation) for each in (plus, minus)]
        return parts.add("Mul", parts.add("Sub", *values), number(parts, self.code.levels))

    def _digits(self, parts: Parts, n: str) -> str:
        """Digit k of the canonic form: bit k + 1 of 3|n| less that of |n|, with the sign of n."""
        size = parts.wide(parts.add("Abs", n))
        weights = 2.0 ** np.arange(self.code.wires)
        triple = parts.add("Mul", size, number(parts, 3.0))
        bits = [_bits(parts, each, 2.0 * weights) for each in (triple, size)]
        digits = parts.add("Mul", parts.add("Sub", *bits), number(parts, weights))
        return parts.add("Mul", digits, parts.wide(parts.add("Sign", n)))


def _bits(parts: Parts, n: str, weights: NDArray[Any]) -> str:
    """Whether n holds each power of two.  # (..., 1) -> (..., weights)"""
    shifted = parts.add("Floor", parts.add("Div", n, number(parts, weights)))
    halved = parts.add("Floor", parts.add("Div", shifted, number(parts, 2.0)))
    return parts.add("Sub", shifted, parts.add("Mul", halved, number(parts, 2.0)))


class _Rate(Coder):
    """Membranes are kept less their rest, so that silence is 0."""

    @property
    def inner(self) -> dict[str, int]:
        return dict.fromkeys("d" if self.code.opponent else "zi", self.code.steps)

    @property
    def outer(self) -> dict[str, int]:
        return dict.fromkeys("h" if self.code.opponent else "so", self.code.steps)

    @property
    def memory(self) -> tuple[str, ...]:
        return (*self.inner, *self.outer) if self.code.carry else ()

    def update(self, parts: Parts, z: str, i: str, memory: Memory) -> Told:
        drives = [parts.cast(each, DOUBLE) for each in (z, i)]
        return self._difference(parts, drives, tuple(self.inner), memory)

    def output(self, parts: Parts, cell: str, o: str, before: str, memory: Memory) -> Told:
        del before
        value = parts.add("Div", cell, number(parts, self.code.steps))
        return self._difference(parts, [value, parts.cast(o, DOUBLE)], tuple(self.outer), memory)

    def _difference(
        self, parts: Parts, drives: list[str], names: tuple[str, ...], memory: Memory
    ) -> Told:
        currents = [self._current(parts, each) for each in drives]
        if self.code.opponent:
            currents = [parts.add("Sub", *currents)]
        values, trains, after = [], {}, {}
        for name, current, sign in zip(names, currents, (1.0, -1.0), strict=False):
            before = memory[name] if self.code.carry else number(parts, 0.0)
            train, value, left = self._window(parts, current, before)
            signed = train if sign > 0 else parts.add("Neg", train)
            trains[name] = parts.cast(signed, FLOAT)
            values.append(value)
            if self.code.carry:
                after[name] = self._anew_outside(parts, left)
        value = values[0] if len(values) == 1 else parts.add("Sub", *values)
        return Told(value, trains, after)

    def _current(self, parts: Parts, drive: str) -> str:
        """What a neuron gets in each micro-step, a multiple of CURRENT_STEP."""
        hard = self.activation == "hard_sigmoid"
        if hard and not self.code.opponent:
            current = line(parts, drive)
        else:
            current = exactly(parts, drive, "hard_sigmoid" if hard else "plan")
        step = number(parts, CURRENT_STEP)
        return parts.add("Mul", parts.add("Round", parts.add("Div", current, step)), step)

    def _window(self, parts: Parts, p: str, v: str) -> tuple[str, str, str]:
        """The train of T micro-steps, its sum, and the membrane after them."""
        said = self._soft if self.code.reset == "soft" else self._hard
        ticks = np.arange(self.code.steps + 1, dtype=np.float64)
        flat = parts.wide(p), parts.wide(v)
        before, until = (said(parts, *flat, number(parts, k)) for k in (ticks[:-1], ticks[1:]))
        train = parts.add("Sub", until, before)
        count = parts.add("ReduceSum", train, parts.axes(-1), keepdims=0)
        driven = parts.add("Add", v, parts.add("Mul", p, number(parts, self.code.steps)))
        if self.code.reset == "soft":
            return train, count, parts.add("Sub", driven, count)
        first, between = self._times(parts, p, v)
        gone = parts.add("Sub", number(parts, self.code.steps), first)
        gone = parts.add(
            "Sub", gone, parts.add("Mul", between, parts.add("Sub", count, number(parts, 1.0)))
        )
        left = parts.add("Sub", parts.add("Mul", gone, p), number(parts, 0.5))
        fires = parts.add("Greater", count, number(parts, 0.0))
        return train, count, parts.add("Where", fires, left, driven)

    def _soft(self, parts: Parts, p: str, v: str, k: str) -> str:
        """Spikes after k micro-steps: floor(v + 1/2 + k p), one a micro-step at most."""
        lowest = parts.add("Neg", k) if self.code.opponent else number(parts, 0.0)
        start = parts.add("Add", v, number(parts, 0.5))
        n = parts.add("Floor", parts.add("Add", start, parts.add("Mul", p, k)))
        return parts.add("Min", parts.add("Max", n, lowest), k)

    def _hard(self, parts: Parts, p: str, v: str, k: str) -> str:
        """The same: at the first, and then whenever ceil(1/p) micro-steps have passed."""
        first, between = self._times(parts, p, v)
        passed = parts.add("Div", parts.add("Sub", k, first), between)
        n = parts.add("Add", parts.add("Floor", passed), number(parts, 1.0))
        driven = parts.cast(parts.add("Greater", p, number(parts, 0.0)), DOUBLE)
        return parts.add("Mul", parts.add("Max", n, number(parts, 0.0)), driven)

    def _times(self, parts: Parts, p: str, v: str) -> tuple[str, str]:
        """Micro-steps to the first spike, ceil((1/2 - v) / p), and between two, ceil(1/p)."""
        some = parts.add("Max", p, number(parts, CURRENT_STEP))
        away = parts.add("Sub", number(parts, 0.5), v)
        first = parts.add("Ceil", parts.add("Div", away, some))
        return first, parts.add("Ceil", parts.add("Div", number(parts, 1.0), some))

    def _anew_outside(self, parts: Parts, v: str) -> str:
        """A membrane that a saturated current drove out of one quantum starts at rest."""
        above = parts.add("GreaterOrEqual", v, number(parts, -0.5))
        inside = parts.add("And", above, parts.add("Less", v, number(parts, 0.5)))
        return parts.add("Where", inside, v, number(parts, 0.0))


class _Mixed(Coder):
    @property
    def _parts(self) -> tuple[Coder, Coder]:
        one, other = (
            coder(each, self.activation, self.unit) for each in (self.code.inner, self.code.outer)
        )
        return one, other

    @property
    def inner(self) -> dict[str, int]:
        return self._parts[0].inner

    @property
    def outer(self) -> dict[str, int]:
        return self._parts[1].outer

    @property
    def memory(self) -> tuple[str, ...]:
        one, other = self._parts
        kept = [name for name in one.memory if name in one.inner]
        return (*kept, *(name for name in other.memory if name in other.outer))

    def update(self, parts: Parts, z: str, i: str, memory: Memory) -> Told:
        told = self._parts[0].update(parts, z, i, memory)
        scale = number(parts, self.code.outer.levels / self.code.inner.levels)
        trains = {
            name: parts.cast(parts.add("Mul", parts.cast(train, DOUBLE), scale), FLOAT)
            for name, train in told.trains.items()
        }
        return Told(parts.add("Mul", told.value, scale), trains, told.memory)

    def output(self, parts: Parts, cell: str, o: str, before: str, memory: Memory) -> Told:
        return self._parts[1].output(parts, cell, o, before, memory)


_CODERS: dict[type, type[Coder]] = {
    Compound: _Compound,
    Mixed: _Mixed,
    Population: _Population,
    Rate: _Rate,
}
