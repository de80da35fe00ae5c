"""One layer's step of a network in any spike code in ONNX operators; see `onnx_layers`.

    CodedStep_{code}_unit{bits}_{activation}_{forget}(x, cell, counts, [memory,] weight_ih,
                       weight_hh, bias[, forget]) -> trains, cell_next, counts_next, [memory_next]

        x               (batch, input) float: inputs, or h of the layer below in quanta
        cell            (batch, hidden) double, and counts (batch, hidden) float: c and h in quanta
        memory          (batch, hidden) double of the coders, see `onnx_codes`
        weight_ih       (input, gates * hidden), weight_hh (hidden, gates * hidden), per quantum
        bias            (gates * hidden,), rows z, i, o and, with a computed forget, f
        forget          (hidden,) double, the constant f
        trains          (batch, hidden, wires) float: what each spike adds

What the layer has heard is summed anew from the counts: on the grid a sum is the same however its
messages came in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from spiking import CodedLayer, Coincidence, Native
from spiking.errors import ExportError

from .onnx_codes import DOUBLE, FLOAT, coder
from .onnx_exact import exactly, number
from .onnx_layers import LayerKind
from .onnx_parts import Parts


class Forget(NamedTuple):
    """A way to form f_t c_{t-1}: neurons that it has, and its nodes.

    build  (parts, way, f, cell, levels) -> what is left of the cell, and the neurons' raster
    """

    neurons: Callable[[Any], int]
    build: Callable[[Parts, Any, str, str, float], tuple[str, str]]


def coded_kind(layer: CodedLayer, *, unit: float) -> LayerKind:
    """The step of `layer`, whose drives are multiples of `unit`.

    Raises ExportError for a code or a forgetting that ONNX does not carry and, once built, for an
    activation that it does not.
    """
    activation, way = layer.activation.name, layer.forgetting
    code = coder(layer.code, activation, unit)
    forget = None if way is None else _forget(way)
    neurons = 0 if forget is None else forget.neurons(way)
    trains = {**code.inner, **({"f": neurons} if neurons else {}), **code.outer}

    def build(parts: Parts, names: list[str]) -> list[str]:
        x, cell, counts, *rest = names
        memory = dict(zip(code.memory, rest, strict=False))
        weight_ih, weight_hh, bias, *constant = rest[len(memory) :]
        heard = parts.add("MatMul", counts, weight_hh)
        drive = parts.add("Add", parts.affine(x, weight_ih, bias), heard)
        z, i, o, *f = parts.split(drive, 3 if forget is None else 4, axis=1)
        update = code.update(parts, z, i, memory)
        said = dict(update.trains)
        if forget is None:
            kept = parts.add("Mul", constant[0], cell)
        else:
            gate = exactly(parts, parts.cast(f[0], DOUBLE), activation)
            kept, raster = forget.build(parts, way, gate, cell, layer.code.levels)
            said["f"] = raster
        # two nodes, product then sum: the order of operations of `CodedLayer.step`
        after = parts.add("Add", kept, update.value)
        output = code.output(parts, after, o, counts, memory)
        said |= output.trains
        held = update.memory | output.memory
        value = parts.cast(output.value, FLOAT)
        return [*(said[n] for n in trains), after, value, *(held[n] for n in code.memory)]

    words = f"{layer.code}_unit_{unit:g}_{activation}_{way or 'constant'}"
    return LayerKind(
        "CodedStep_" + re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_"),
        (
            *("x", "cell", "counts", *(f"memory_{name}" for name in code.memory)),
            *("weight_ih", "weight_hh", "bias"),
            *(("forget",) if forget is None else ()),
        ),
        (*trains, "cell_next", "counts_next", *(f"memory_{name}_next" for name in code.memory)),
        build,
        trains=trains,
        memory=code.memory,
    )


def _forget(way: Any) -> Forget:
    if type(way) not in _FORGETS:
        raise ExportError(
            f"{way} shifts the cell as often as the data say, hundreds of times a step, and is not "
            "written to ONNX; convert with forget=Native(), which multiplies there"
        )
    return _FORGETS[type(way)]


def _native(parts: Parts, _way: Native, f: str, cell: str, _levels: float) -> tuple[str, str]:
    return parts.add("Mul", f, cell), ""


def _coincidence(
    parts: Parts, way: Coincidence, f: str, cell: str, levels: float
) -> tuple[str, str]:
    """Neuron by neuron and pair by pair, as `Coincidence` says."""
    step = 2.0 * way.reach * levels / way.levels
    places = (torch.arange(way.levels // 2, dtype=torch.float64) + 0.5).numpy() * step
    leak = parts.wide(parts.add("Sub", number(parts, 1.0), f))
    fires = parts.add("Greater", leak, number(parts, way.leak_thresholds().numpy()))
    leaks, flat = parts.cast(fires, DOUBLE), parts.wide(cell)
    above, below = (
        parts.cast(parts.add(operator, flat, number(parts, limits)), DOUBLE)
        for operator, limits in (("GreaterOrEqual", places), ("LessOrEqual", -places))
    )
    cells = parts.add("Concat", above, parts.add("Neg", below), axis=-1)
    pairs = parts.add("Mul", parts.wide(leaks), parts.add("Unsqueeze", cells, parts.axes(-2)))
    shares = number(parts, way.leak_levels().diff().unsqueeze(-1).numpy())
    total = parts.add("ReduceSum", parts.add("Mul", pairs, shares), parts.axes(-2, -1), keepdims=0)
    kept = parts.add("Sub", cell, parts.add("Mul", total, number(parts, step)))
    lined = parts.add("Reshape", pairs, parts.axes(0, 0, -1))
    raster = parts.add("Concat", leaks, above, below, lined, axis=-1)
    return kept, parts.cast(raster, FLOAT)


_FORGETS: dict[type, Forget] = {
    Coincidence: Forget(lambda way: way.neurons, _coincidence),
    Native: Forget(lambda way: 0, _native),
}
