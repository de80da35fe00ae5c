"""One time step of every kind of model as ONNX nodes: its layers, states and outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from spiking import (
    CodedLayer,
    Grid,
    SpikingSubLSTM,
    SubLSTM,
    SubLSTMClassifier,
)
from spiking.errors import ExportError

from .matching import rnn_of
from .onnx_coded import coded_kind
from .onnx_layers import DOMAIN, LayerKind, rate_kind, spiking_kind
from .onnx_parts import Parts, Port
from .onnx_weights import Spiking, array, float_weight, int8_weight, require_int8, spiking_weights
from .quantize import require_on_grid

_KINDS: dict[type, Callable[[Any, float], LayerKind]] = {
    CodedLayer: lambda layer, unit: coded_kind(layer, unit=unit),
    SpikingSubLSTM: lambda layer, unit: spiking_kind(layer.code.levels),
}


@dataclass
class Step:
    """Nodes of one time step, and how they connect: x_t and state in, state and results out.

    takes  element type of x
    """

    inline: bool
    takes: int = TensorProto.FLOAT
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    states: list[tuple[Port, str]] = field(default_factory=list)
    results: list[tuple[Port, str]] = field(default_factory=list)
    kinds: dict[str, LayerKind] = field(default_factory=dict)

    def layer(self, parts: Parts, kind: LayerKind, names: list[str]) -> list[str]:
        """The outputs of one layer's step, written in place or as one node."""
        self.kinds[kind.name] = kind
        if self.inline:
            return kind.build(parts, names)
        return parts.call(DOMAIN, kind.name, names, len(kind.outputs))


def spiking_step(parts: Parts, step: Step, net: Spiking, *, int8: bool) -> tuple[str, int]:
    """Fill `step`; the name of the whole input as the layers take it, and its width.

    Raises what `to_onnx` names of spiking networks.
    """
    grid, matrices, levels = require_on_grid(net), spiking_weights(net), net.code.levels
    store: Callable[[Parts, str, Any], str] = float_weight
    if int8:
        require_int8(net, weight_bits=grid.weight_bits)
        store = partial(int8_weight, weight_bits=grid.weight_bits)
    value, stack = "x_t", list[Any](net.stack)
    with parts.collect(step.nodes):
        for index, layer in enumerate(stack):
            name, kind = f"l{index}", _KINDS[type(layer)](layer, grid.unit)
            hidden = (layer.hidden_size,)
            held = [
                Port(f"{name}.cell", TensorProto.DOUBLE, hidden),
                Port(f"{name}.counts", TensorProto.FLOAT, hidden),
                *(Port(f"{name}.memory.{m}", TensorProto.DOUBLE, hidden) for m in kind.memory),
            ]
            after_held = kind.inputs[1 + len(held) :]
            made = step.layer(
                parts,
                kind,
                [
                    value,
                    *(port.name for port in held),
                    *(
                        store(parts, f"{name}.{key}", matrices[f"{name}.{key}"])
                        for key in after_held[:2]
                    ),
                    *(
                        parts.constant(array(getattr(layer, key)), f"{name}.{key}")
                        for key in after_held[2:]
                    ),
                ],
            )
            said, after = made[: len(kind.trains)], made[len(kind.trains) :]
            step.results += [
                (Port(f"{name}.{train}", kind.raster, (*hidden, wires)), raster)
                for (train, wires), raster in zip(kind.trains.items(), said, strict=True)
            ]
            step.states += zip(held, after, strict=True)
            value = after[1]
        if net.readout is None:
            # in double: tract and OpenVINO multiply by 1/levels, whose rounding shows in single
            quanta = parts.cast(value, TensorProto.DOUBLE)
            quotient = parts.add("Div", quanta, parts.constant(np.float64(levels)))
            output = parts.cast(quotient, TensorProto.FLOAT)
            step.results.append(
                (Port("output", TensorProto.FLOAT, (stack[-1].hidden_size,)), output)
            )
        else:
            weight = store(parts, "readout.weight", matrices["readout.weight"])
            bias = parts.constant(array(net.readout.bias), "readout.bias")
            port = Port("logits", TensorProto.FLOAT, (net.readout.out_features,))
            step.results.append((port, parts.affine(value, weight, bias)))
    return _encoder(parts, grid), net.input_size


def _encoder(parts: Parts, grid: Grid) -> str:
    """Clip and round x onto the grid, as `spiking.precision.received` does."""
    reach = np.float32(grid.input_max)
    scale = parts.constant(np.float32(2.0**grid.input_bits))
    clipped = parts.add("Clip", "x", parts.constant(-reach), parts.constant(reach))
    return parts.add("Div", parts.add("Round", parts.add("Mul", clipped, scale)), scale)


def rate_step(parts: Parts, step: Step, model: SubLSTM | SubLSTMClassifier) -> tuple[str, int]:
    """Fill `step`; the name of the whole input, and its width.

    Raises ExportError for a bidirectional model, or an activation that has no operator.
    """
    rnn, value = rnn_of(model), "x_t"
    if rnn.bidirectional:
        raise ExportError("a bidirectional model has no streaming state; export one direction")
    kind = step.takes = parts.element_type(rnn.get("weight_hh", "l0"))
    with parts.collect(step.nodes):
        for _, name in rnn.parts():
            names = [value, f"{name}.h", f"{name}.c"]
            names += [
                float_weight(parts, f"{name}.{key}", array(rnn.get(key, name)))
                for key in ("weight_ih", "weight_hh")
            ]
            bias = rnn.get("bias_ih", name) + rnn.get("bias_hh", name)
            names.append(parts.constant(array(bias), f"{name}.bias"))
            if rnn.forget == "fixed":
                forget = rnn.get("forget", name).sigmoid()
                names.append(parts.constant(array(forget), f"{name}.forget"))
            value, cell = step.layer(parts, rate_kind(rnn), names)
            step.states += [
                (Port(f"{name}.h", kind, (rnn.hidden_size,)), value),
                (Port(f"{name}.c", kind, (rnn.hidden_size,)), cell),
            ]
        if isinstance(model, SubLSTMClassifier):
            weight = float_weight(parts, "readout.weight", array(model.readout.weight))
            value = parts.affine(
                value, weight, parts.constant(array(model.readout.bias), "readout.bias")
            )
            if model.readout_activation == "relu":
                value = parts.add("Relu", value)
            port = Port("logits", kind, (model.readout.out_features,))
        else:
            value = parts.add("Identity", value)
            port = Port("output", kind, (rnn.hidden_size,))
        step.results.append((port, value))
    return "x", rnn.input_size
