"""Rate and spiking networks as ONNX: a whole-sequence Scan, or one streaming step.

Built by hand: torch's own Scan export is a private path. Both forms take and give the state, so
that a chunked run equals a whole one. Batch and time are dynamic.

    whole     x (batch, time, input), state -> logits or output (batch, time, ...), spikes, state
    streaming x (batch, input), state       -> the same without the time axis

State: spiking `l0.cell` (batch, hidden) double and `l0.counts` float, rate `l0.h` and `l0.c`.
The last valid step is chosen by the caller.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

from spiking import SpikingNetwork, SubLSTM, SubLSTMClassifier
from spiking.errors import ConfigError, ExportError

from .matching import rnn_of
from .nir_graph import PORTABLE_DT
from .onnx_about import METADATA_KEY, describe
from .onnx_layers import DOMAIN, DOMAIN_VERSION, OPSET, SPIKING, LayerKind, rate_kind, renamed
from .onnx_parts import Parts, Port
from .onnx_weights import array, float_weight, int8_weight, require_int8, spiking_weights
from .quantize import require_on_grid

IR_VERSION = 10
STORAGES = ("float", "int8")
Store = Callable[[Parts, str, Any], str]


def to_onnx(
    model: SpikingNetwork | SubLSTM | SubLSTMClassifier,
    *,
    streaming: bool = False,
    weights: str = "float",
    functions: bool = False,
    dt: float = PORTABLE_DT,
) -> onnx.ModelProto:
    """`model` as ONNX, opset 20, standard operators only; copies every number.

    streaming  one step instead of a whole sequence
    weights    "int8" stores weight matrices of a spiking network as int8 and a power of two a
               row, in front of a DequantizeLinear; the same numbers bit for bit, a quarter of
               the bytes. `int8_bits` says how fine the grid may be
    functions  each layer's step is one node of a local function, which other graphs may call
               (see `onnx_layers`); without it every runtime reads the file
    dt         seconds per step, for the metadata

    Outputs of a spiking network: `logits` (or `output`, without a readout), the spikes of every
    population `l0.z` ... (batch, time, hidden, levels) uint8, and the state after the last step
    (`l0.cell.next` ...). Of a rate model: `logits` or `output`, and the state.

    Raises ExportError for a spiking network without a grid (its spikes could differ between
    engines), for weights that do not fit int8 and for a bidirectional rate model (its state does
    not stream), GridError naming the numbers that left the grid, ConfigError for an unknown
    storage or a dt that is no time.
    """
    if weights not in STORAGES:
        raise ConfigError(f"weights {weights!r} is not known; choose one of {STORAGES}")
    if not (math.isfinite(dt) and dt > 0):
        raise ConfigError(f"dt is {dt}; a step takes a positive time")
    parts, step = Parts(), _Step(inline=not functions)
    if isinstance(model, SpikingNetwork):
        grid = require_on_grid(model)
        store: Store = float_weight
        if weights == "int8":
            require_int8(model, weight_bits=grid.weight_bits)
            store = partial(int8_weight, weight_bits=grid.weight_bits)
        _spiking_step(parts, step, model, store)
        prepare, width = _encoder(parts, model), model.input_size
    else:
        rnn = rnn_of(model)
        if rnn.bidirectional:
            raise ExportError("a bidirectional model has no streaming state; export one direction")
        if weights != "float":
            raise ExportError("a rate model has no grid, so int8 would change its weights")
        _rate_step(parts, step, model)
        prepare, width = "x", rnn.input_size
    assembled = _streaming if streaming else _whole
    graph = assembled(parts, step, prepare, width)
    imports = [make_opsetid("", OPSET)]
    imports += [make_opsetid(DOMAIN, DOMAIN_VERSION)] if functions else []
    local = [kind.function() for kind in step.kinds.values()] if functions else []
    made = make_model(graph, opset_imports=imports, functions=local, producer_name="subspike")
    made.ir_version = IR_VERSION
    about = describe(made, model, streaming=streaming, storage=weights, dt=dt)
    onnx.helper.set_model_props(made, {METADATA_KEY: json.dumps(about, sort_keys=True)})
    onnx.checker.check_model(made, full_check=True)
    return made


@dataclass
class _Step:
    """Nodes of one time step, and how they connect: x_t and state in, state and results out."""

    inline: bool
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


def _spiking_step(parts: Parts, step: _Step, net: SpikingNetwork, store: Store) -> None:
    value, levels, matrices = "x_t", net.code.levels, spiking_weights(net)
    with parts.collect(step.nodes):
        for index, layer in enumerate(net.stack):
            name = f"l{index}"
            numbers = layer.numbers()._asdict()
            names = [value, f"{name}.cell", f"{name}.counts"]
            names += [store(parts, key, matrices[key]) for key in _matrices(name)]
            names += [
                parts.constant(array(numbers[kind]), f"{name}.{kind}")
                for kind in ("bias", "forget", "threshold", "cell_threshold", "signs")
            ]
            *spikes, cell, value = step.layer(parts, SPIKING, names)
            hidden = (layer.hidden_size,)
            step.states += [
                (Port(f"{name}.cell", TensorProto.DOUBLE, hidden), cell),
                (Port(f"{name}.counts", TensorProto.FLOAT, hidden), value),
            ]
            for population, raster in zip("zios", spikes, strict=True):
                port = Port(f"{name}.{population}", TensorProto.UINT8, (*hidden, levels))
                step.results.append((port, raster))
        if net.readout is None:
            output = parts.add("Div", value, parts.constant(np.float32(levels)))
            width = net.stack[-1].hidden_size
            step.results.append((Port("output", TensorProto.FLOAT, (width,)), output))
        else:
            weight = store(parts, "readout.weight", matrices["readout.weight"])
            bias = parts.constant(array(net.readout.bias), "readout.bias")
            port = Port("logits", TensorProto.FLOAT, (net.readout.out_features,))
            step.results.append((port, parts.affine(value, weight, bias)))


def _matrices(layer: str) -> tuple[str, str]:
    return f"{layer}.weight_ih", f"{layer}.weight_hh"


def _encoder(parts: Parts, net: SpikingNetwork) -> str:
    """Clip and round x onto the grid, as `SpikingNetwork.encode` does."""
    if net.grid is None:
        return "x"
    reach = np.float32(net.grid.input_max)
    scale = parts.constant(np.float32(2.0**net.grid.input_bits))
    clipped = parts.add("Clip", "x", parts.constant(-reach), parts.constant(reach))
    return parts.add("Div", parts.add("Round", parts.add("Mul", clipped, scale)), scale)


def _rate_step(parts: Parts, step: _Step, model: SubLSTM | SubLSTMClassifier) -> None:
    rnn, value = rnn_of(model), "x_t"
    kind = parts.element_type(rnn.get("weight_hh", "l0"))
    with parts.collect(step.nodes):
        for _, name in rnn.parts():
            names = [value, f"{name}.h", f"{name}.c"]
            names += [
                float_weight(parts, key, array(rnn.get(key.split(".")[1], name)))
                for key in _matrices(name)
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


def _streaming(parts: Parts, step: _Step, prepare: str, width: int) -> onnx.GraphProto:
    rename = {result: port.name for port, result in step.results}
    rename |= {after: f"{port.name}.next" for port, after in step.states}
    return make_graph(
        [*parts.nodes, *renamed(step.nodes, {**rename, "x_t": prepare})],
        "subspike",
        [
            make_tensor_value_info("x", _input_kind(step), ["batch", width]),
            *(port.value(["batch"]) for port, _ in step.states),
        ],
        [
            *(port.value(["batch"]) for port, _ in step.results),
            *(port.value(["batch"], f"{port.name}.next") for port, _ in step.states),
        ],
        parts.initializers,
    )


def _whole(parts: Parts, step: _Step, prepare: str, width: int) -> onnx.GraphProto:
    kind = _input_kind(step)
    # the batch axis has no name in the body: tract takes a name for a size of its own there
    body = make_graph(
        step.nodes,
        "step",
        [
            *(port.value([None]) for port, _ in step.states),
            make_tensor_value_info("x_t", kind, [None, width]),
        ],
        [
            *(port.value([None], after) for port, after in step.states),
            *(port.value([None], result) for port, result in step.results),
        ],
    )
    # time goes first and comes back: ONNX's reference evaluator scans the first axis only
    steps = parts.add("Transpose", prepare, perm=[1, 0, 2])
    scan = make_node(
        "Scan",
        [*(port.name for port, _ in step.states), steps],
        [
            *(f"{port.name}.next" for port, _ in step.states),
            *(f"{port.name}.steps" for port, _ in step.results),
        ],
        name="scan",
        body=body,
        num_scan_inputs=1,
    )
    turned = [
        make_node(
            "Transpose",
            [f"{port.name}.steps"],
            [port.name],
            name=f"{port.name}.turned",
            perm=[1, 0, *range(2, 2 + len(port.shape))],
        )
        for port, _ in step.results
    ]
    return make_graph(
        [*parts.nodes, scan, *turned],
        "subspike",
        [
            make_tensor_value_info("x", kind, ["batch", "time", width]),
            *(port.value(["batch"]) for port, _ in step.states),
        ],
        [
            *(port.value(["batch", "time"]) for port, _ in step.results),
            *(port.value(["batch"], f"{port.name}.next") for port, _ in step.states),
        ],
        parts.initializers,
    )


def _input_kind(step: _Step) -> int:
    """Element type of x: that of the top layer's last state."""
    return step.states[-1][0].kind
