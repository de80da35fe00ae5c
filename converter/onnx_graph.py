"""Rate and spiking networks as ONNX: a whole-sequence Scan, or one streaming step.

Built by hand: torch's own Scan export is a private path. Both forms take and give the state, so
that a chunked run equals a whole one. Batch and time are dynamic.

    whole     x (batch, time, input), state -> logits or output (batch, time, ...), spikes, state
    streaming x (batch, input), state       -> the same without the time axis

State: spiking `l0.cell` (batch, hidden) double, `l0.counts` float and `l0.memory.*` double, rate
`l0.h` and `l0.c`; all 0 in silence.
The last valid step is chosen by the caller.
"""

from __future__ import annotations

import json
import math

import onnx
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

from spiking import CodedNetwork, SpikingNetwork, SubLSTM, SubLSTMClassifier
from spiking.errors import ConfigError, ExportError

from .nir_graph import PORTABLE_DT
from .onnx_about import METADATA_KEY, describe
from .onnx_layers import DOMAIN, DOMAIN_VERSION, OPSET, renamed
from .onnx_parts import Parts
from .onnx_step import Step, rate_step, spiking_step

IR_VERSION = 10
STORAGES = ("float", "int8")


def to_onnx(
    model: SpikingNetwork | CodedNetwork | SubLSTM | SubLSTMClassifier,
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
    population `l0.z` ... (batch, time, hidden, levels) uint8, or what each spike of another code
    carries (batch, time, hidden, wires) float, and the state after the last step (`l0.cell.next`
    ...). Of a rate model: `logits` or `output`, and the state.

    Raises ExportError for a spiking network without a grid (its spikes could differ between
    engines), a code, forgetting or activation that has no form in standard operators, weights that
    do not fit int8, and for a bidirectional rate model (its state does not stream), GridError
    naming the numbers that left the grid, ConfigError for an unknown storage or a dt that is no
    time.
    """
    if weights not in STORAGES:
        raise ConfigError(f"weights {weights!r} is not known; choose one of {STORAGES}")
    if not (math.isfinite(dt) and dt > 0):
        raise ConfigError(f"dt is {dt}; a step takes a positive time")
    parts, step = Parts(), Step(inline=not functions)
    if isinstance(model, SubLSTM | SubLSTMClassifier):
        if weights != "float":
            raise ExportError("a rate model has no grid, so int8 would change its weights")
        prepare, width = rate_step(parts, step, model)
    else:
        prepare, width = spiking_step(parts, step, model, int8=weights == "int8")
    graph = (_streaming if streaming else _whole)(parts, step, prepare, width)
    imports = [make_opsetid("", OPSET)]
    imports += [make_opsetid(DOMAIN, DOMAIN_VERSION)] if functions else []
    local = [kind.function() for kind in step.kinds.values()] if functions else []
    made = make_model(graph, opset_imports=imports, functions=local, producer_name="subspike")
    made.ir_version = IR_VERSION
    about = describe(made, model, streaming=streaming, storage=weights, dt=dt)
    onnx.helper.set_model_props(made, {METADATA_KEY: json.dumps(about, sort_keys=True)})
    onnx.checker.check_model(made, full_check=True)
    return made


def _streaming(parts: Parts, step: Step, prepare: str, width: int) -> onnx.GraphProto:
    rename = {result: port.name for port, result in step.results}
    rename |= {after: f"{port.name}.next" for port, after in step.states}
    return make_graph(
        [*parts.nodes, *renamed(step.nodes, {**rename, "x_t": prepare})],
        "subspike",
        [
            make_tensor_value_info("x", step.takes, ["batch", width]),
            *(port.value(["batch"]) for port, _ in step.states),
        ],
        [
            *(port.value(["batch"]) for port, _ in step.results),
            *(port.value(["batch"], f"{port.name}.next") for port, _ in step.states),
        ],
        parts.initializers,
    )


def _whole(parts: Parts, step: Step, prepare: str, width: int) -> onnx.GraphProto:
    # the batch axis has no name in the body: tract takes a name for a size of its own there
    body = make_graph(
        step.nodes,
        "step",
        [
            *(port.value([None]) for port, _ in step.states),
            make_tensor_value_info("x_t", step.takes, [None, width]),
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
            make_tensor_value_info("x", step.takes, ["batch", "time", width]),
            *(port.value(["batch"]) for port, _ in step.states),
        ],
        [
            *(port.value(["batch", "time"]) for port, _ in step.results),
            *(port.value(["batch"], f"{port.name}.next") for port, _ in step.states),
        ],
        parts.initializers,
    )
