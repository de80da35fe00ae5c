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
from dataclasses import asdict
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

from spiking import SpikingNetwork, SpikingSubLSTM, SubLSTM, SubLSTMClassifier
from spiking.errors import ExportError

from .digest import digest
from .matching import rnn_of
from .onnx_parts import Parts, Port
from .quantize import require_on_grid

OPSET = 20
IR_VERSION = 10
METADATA_KEY = "subspike"
SCHEMA = 1


def to_onnx(
    model: SpikingNetwork | SubLSTM | SubLSTMClassifier, *, streaming: bool = False
) -> onnx.ModelProto:
    """`model` as ONNX, opset 20, standard operators only; copies every number.

    streaming  one step instead of a whole sequence

    Outputs of a spiking network: `logits` (or `output`, without a readout), the spikes of every
    population `l0.z` ... (batch, time, hidden, levels) uint8, and the state after the last step
    (`l0.cell.next` ...). Of a rate model: `logits` or `output`, and the state.

    Raises ExportError for a spiking network without a grid (its spikes could differ between
    engines) and for a bidirectional rate model (its state does not stream), GridError naming the
    numbers that left the grid.
    """
    parts = Parts()
    if isinstance(model, SpikingNetwork):
        require_on_grid(model)
        step, prepare = _spiking_step(parts, model), _encoder(parts, model)
        width, about = model.input_size, _about_spiking(model)
    else:
        rnn = rnn_of(model)
        if rnn.bidirectional:
            raise ExportError("a bidirectional model has no streaming state; export one direction")
        step, prepare = _rate_step(parts, model), "x"
        width, about = rnn.input_size, _about_rate(rnn)
    assembled = _streaming if streaming else _whole
    graph = assembled(parts, step, prepare, width)
    made = make_model(graph, opset_imports=[make_opsetid("", OPSET)], producer_name="subspike")
    made.ir_version = IR_VERSION
    about |= {"schema": SCHEMA, "streaming": streaming, "weights": digest(model)}
    onnx.helper.set_model_props(made, {METADATA_KEY: json.dumps(about, sort_keys=True)})
    onnx.checker.check_model(made, full_check=True)
    return made


class _Step:
    """Nodes of one time step, and how they connect: x_t and state in, state and results out."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.states: list[tuple[Port, str]] = []
        self.results: list[tuple[Port, str]] = []


def _spiking_step(parts: Parts, net: SpikingNetwork) -> _Step:
    step, value = _Step(), "x_t"
    with parts.collect(step.nodes):
        for index, layer in enumerate(net.stack):
            value = _spiking_layer(parts, step, layer, f"l{index}", value)
        if net.readout is None:
            output = parts.add("Div", value, parts.constant(np.float32(net.code.levels)))
            width = net.stack[-1].hidden_size
            step.results.append((Port("output", TensorProto.FLOAT, (width,)), output))
        else:
            weight = net.readout.weight.detach() / net.code.levels
            logits = parts.affine(value, weight, net.readout.bias)
            port = Port("logits", TensorProto.FLOAT, (net.readout.out_features,))
            step.results.append((port, logits))
    return step


def _spiking_layer(parts: Parts, step: _Step, layer: SpikingSubLSTM, name: str, value: str) -> str:
    hidden, levels = layer.hidden_size, layer.code.levels
    cell, counts = f"{name}.cell", f"{name}.counts"
    weight = layer.weight_ih if layer.below is None else layer.weight_ih / layer.below
    drive = parts.add(
        "Add",
        parts.affine(value, weight, layer.bias),
        parts.affine(counts, layer.weight_hh / levels, None),
    )
    gates = parts.split(_fired(parts, drive, layer, layer.threshold), 3, axis=1)
    n_z, n_i, n_o = (_counted(parts, gate, layer) for gate in gates)
    # two nodes, product then sum: the order of operations that spiking.cell.integrate defines
    decayed = parts.add("Mul", parts.constant(_array(layer.forget)), cell)
    change = parts.cast(parts.add("Sub", n_z, n_i), TensorProto.DOUBLE)
    cell_after = parts.add("Add", decayed, change)
    fired = _fired(parts, cell_after, layer, layer.cell_threshold)
    counts_after = parts.add("Sub", _counted(parts, fired, layer), n_o)
    step.states += [
        (Port(cell, TensorProto.DOUBLE, (hidden,)), cell_after),
        (Port(counts, TensorProto.FLOAT, (hidden,)), counts_after),
    ]
    for population, spikes in zip("zios", (*gates, fired), strict=True):
        port = Port(f"{name}.{population}", TensorProto.UINT8, (hidden, levels))
        step.results.append((port, parts.cast(spikes, TensorProto.UINT8)))
    return counts_after


def _fired(parts: Parts, value: str, layer: SpikingSubLSTM, threshold: Any) -> str:
    """sign_k (value - t_k) > 0 as 0 or 1.  # (batch, rows) -> (batch, rows, levels) float."""
    limits = _array(threshold)
    wide = parts.add("Unsqueeze", value, parts.constant(np.array([-1], dtype=np.int64)))
    distance = parts.add("Sub", wide, parts.constant(limits))
    signed = parts.add("Mul", distance, parts.constant(_array(layer.signs).astype(limits.dtype)))
    above = parts.add("Greater", signed, parts.constant(np.zeros((), dtype=limits.dtype)))
    return parts.cast(above, TensorProto.FLOAT)


def _counted(parts: Parts, spikes: str, layer: SpikingSubLSTM) -> str:
    """Signed spike count.  # (batch, rows, levels) -> (batch, rows)."""
    signed = parts.add("Mul", spikes, parts.constant(_array(layer.signs)))
    last = parts.constant(np.array([-1], dtype=np.int64))
    return parts.add("ReduceSum", signed, last, keepdims=0)


def _encoder(parts: Parts, net: SpikingNetwork) -> str:
    """Clip and round x onto the grid, as `SpikingNetwork.encode` does."""
    if net.grid is None:
        return "x"
    reach = np.float32(net.grid.input_max)
    scale = parts.constant(np.float32(2.0**net.grid.input_bits))
    clipped = parts.add("Clip", "x", parts.constant(-reach), parts.constant(reach))
    return parts.add("Div", parts.add("Round", parts.add("Mul", clipped, scale)), scale)


def _rate_step(parts: Parts, model: SubLSTM | SubLSTMClassifier) -> _Step:
    rnn, step, value = rnn_of(model), _Step(), "x_t"
    kind = parts.element_type(rnn.get("weight_hh", "l0"))
    with parts.collect(step.nodes):
        for _, suffix in rnn.parts():
            value = _rate_layer(parts, step, rnn, suffix, value)
        if isinstance(model, SubLSTMClassifier):
            value = parts.affine(value, model.readout.weight, model.readout.bias)
            if model.readout_activation == "relu":
                value = parts.add("Relu", value)
            port = Port("logits", kind, (model.readout.out_features,))
        else:
            value = parts.add("Identity", value)
            port = Port("output", kind, (rnn.hidden_size,))
        step.results.append((port, value))
    return step


def _rate_layer(parts: Parts, step: _Step, rnn: SubLSTM, name: str, value: str) -> str:
    kind = parts.element_type(rnn.get("weight_hh", name))
    bias = rnn.get("bias_ih", name) + rnn.get("bias_hh", name)
    drive = parts.add(
        "Add",
        parts.affine(value, rnn.get("weight_ih", name), bias),
        parts.affine(f"{name}.h", rnn.get("weight_hh", name), None),
    )
    gates = parts.activation(drive, rnn.activation, kind)
    z, i, o, *computed = parts.split(gates, rnn.num_gates, axis=1)
    fixed = rnn.forget == "fixed"
    forget = parts.constant(_array(rnn.get("forget", name).sigmoid())) if fixed else computed[0]
    kept = parts.add("Add", parts.add("Mul", forget, f"{name}.c"), z)
    cell = parts.add("Sub", kept, i)
    output = parts.add("Sub", parts.activation(cell, rnn.cell_activation, kind), o)
    step.states += [
        (Port(f"{name}.h", kind, (rnn.hidden_size,)), output),
        (Port(f"{name}.c", kind, (rnn.hidden_size,)), cell),
    ]
    return output


def _streaming(parts: Parts, step: _Step, prepare: str, width: int) -> onnx.GraphProto:
    rename = {result: port.name for port, result in step.results}
    rename |= {after: f"{port.name}.next" for port, after in step.states}
    nodes = [*parts.nodes, *(_renamed(node, {**rename, "x_t": prepare}) for node in step.nodes)]
    return make_graph(
        nodes,
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
    body = make_graph(
        step.nodes,
        "step",
        [
            *(port.value(["batch"]) for port, _ in step.states),
            make_tensor_value_info("x_t", kind, ["batch", width]),
        ],
        [
            *(port.value(["batch"], after) for port, after in step.states),
            *(port.value(["batch"], result) for port, result in step.results),
        ],
    )
    scan = make_node(
        "Scan",
        [*(port.name for port, _ in step.states), prepare],
        [f"{port.name}.next" for port, _ in step.states] + [port.name for port, _ in step.results],
        body=body,
        num_scan_inputs=1,
        scan_input_axes=[1],
        scan_output_axes=[1] * len(step.results),
    )
    return make_graph(
        [*parts.nodes, scan],
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


def _renamed(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names.get(name, name) for name in node.output]
    return copy


def _array(tensor: Any) -> NDArray[Any]:
    return np.array(tensor.detach().cpu().numpy())


def _about_spiking(net: SpikingNetwork) -> dict[str, Any]:
    return {
        "model": "spiking",
        "code": {"name": "population", **asdict(net.code)},
        "grid": None if net.grid is None else asdict(net.grid),
        "hidden": [layer.hidden_size for layer in net.stack],
    }


def _about_rate(rnn: SubLSTM) -> dict[str, Any]:
    return {"model": "rate", "forget": rnn.forget, "hidden": [rnn.hidden_size] * rnn.num_layers}
