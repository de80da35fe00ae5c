"""ONNX files: written whole or not at all, read with suspicion, proved by running them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import SpikingNetwork, SubLSTM, SubLSTMClassifier
from spiking.errors import DriftError, GraphError, ShapeError
from spiking.files import proved, write_whole

from .drift import Drift, drift, require_samples
from .matching import rate_trace
from .onnx_graph import to_onnx

_MOST_BYTES = 2**31 - 1
_STANDARD_DOMAINS = ("", "ai.onnx")
_OUTPUTS = {"logits", "output"}


@dataclass(frozen=True)
class OnnxRun:
    """What a model produced.

    output  `logits` or `output`, (batch, time, ...) or (batch, ...) when streaming
    spikes  {"l0.z": (batch, time, hidden, levels) bool, ...}; empty for a rate model
    state   the state after the last step, named like the inputs that take it
    """

    output: NDArray[Any]
    spikes: dict[str, NDArray[np.bool_]]
    state: dict[str, NDArray[Any]]


def run_onnx(
    model: onnx.ModelProto, x: NDArray[Any], *, state: Mapping[str, NDArray[Any]] | None = None
) -> OnnxRun:
    """Run `model` in ONNX Runtime on the CPU; x (batch, time, input), or (batch, input) streaming.

    state  as a former run returned it; None starts from silence

    Raises GraphError where ONNX Runtime refuses the model or its ports are not those of `to_onnx`,
    ShapeError where it refuses the input or the state.
    """
    return _run(_session(model), x, state)


def _session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime raises its own classes, which it does not export
        raise GraphError(f"ONNX Runtime cannot load the model: {error}") from error
    taken = [port.name for port in session.get_inputs()]
    given = {port.name for port in session.get_outputs()}
    wanted = {f"{name}.next" for name in taken[1:]}
    sized = all(type(port.shape[-1]) is int for port in session.get_inputs())
    if taken[:1] != ["x"] or not sized or not wanted < given or not given & _OUTPUTS:
        raise GraphError(
            f"inputs {taken} and outputs {sorted(given)} are not those of a model that to_onnx "
            "made: x and states; logits or output, spikes and states"
        )
    return session


def _run(
    session: onnxruntime.InferenceSession,
    x: NDArray[Any],
    state: Mapping[str, NDArray[Any]] | None,
) -> OnnxRun:
    feeds = {"x": np.asarray(x, dtype=_dtype(session.get_inputs()[0].type))}
    wanted = [port.name for port in session.get_inputs()[1:]]
    missing = [] if state is None else [name for name in wanted if name not in state]
    if missing:
        raise ShapeError(f"the state lacks {missing}; pass the one that the last run returned")
    for port in session.get_inputs()[1:]:
        given = None if state is None else state[port.name]
        zeros = np.zeros((len(x), port.shape[1]), dtype=_dtype(port.type))
        feeds[port.name] = zeros if given is None else given
    try:
        values = session.run(None, feeds)
    except Exception as error:  # as above
        raise ShapeError(f"ONNX Runtime refuses x of shape {np.shape(x)}: {error}") from error
    named = dict(zip((port.name for port in session.get_outputs()), values, strict=True))
    states = {p.name: named.pop(f"{p.name}.next") for p in session.get_inputs()[1:]}
    output = named.pop("logits") if "logits" in named else named.pop("output")
    return OnnxRun(output, {name: value.astype(bool) for name, value in named.items()}, states)


def _dtype(name: str) -> type[np.floating[Any]]:
    return np.float64 if "double" in name else np.float32


def export_onnx(
    model: SpikingNetwork | SubLSTM | SubLSTMClassifier,
    path: Path,
    x: Tensor,
    *,
    streaming: bool = False,
) -> Drift:
    """Write `model` to `path` and prove the file on x (batch, time, input) by running it.

    A spiking network must be equal spike for spike and logit for logit, a rate model within
    1e-5. Raises DriftError otherwise and what `to_onnx` raises; then no file is left behind.
    EmptyDataError where x proves nothing.
    """
    require_samples(x)
    made = to_onnx(model, streaming=streaming)
    with proved(path) as candidate:
        write_whole(candidate, made.SerializeToString())
        found = verify_onnx(load_onnx(candidate), model, x)
        found.require_none(what=f"the file {path.name}")
    return found


@torch.no_grad()
def verify_onnx(
    made: onnx.ModelProto, model: SpikingNetwork | SubLSTM | SubLSTMClassifier, x: Tensor
) -> Drift:
    """Run `made` (whole or streaming) and `model` on x (batch, time, input) and compare them.

    Raises DriftError where a value differs though every spike is equal.
    """
    streaming = len(made.graph.input[0].type.tensor_type.shape.dim) == 2
    done = _stepwise(made, x.cpu().numpy()) if streaming else run_onnx(made, x.cpu().numpy())
    if not isinstance(model, SpikingNetwork):
        expected = _rate_outputs(model, x)
        worst = float(np.abs(done.output - expected).max(initial=0.0))
        if worst > 1e-5:
            raise DriftError(f"the rate model's outputs differ by {worst:.3g}, more than 1e-5")
        return Drift(0, 0, "")
    run = model.run(x, record=True)
    found = drift({name: value.cpu().numpy() for name, value in run.spikes.items()}, done.spikes)
    values = run.output if run.logits is None else run.logits
    if found.differing == 0 and not np.array_equal(values.cpu().numpy(), done.output):
        raise DriftError("all spikes are equal, yet the outputs differ")
    return found


def _stepwise(made: onnx.ModelProto, x: NDArray[Any]) -> OnnxRun:
    session, state = _session(made), None
    steps: list[OnnxRun] = []
    for t in range(x.shape[1]):
        steps.append(_run(session, x[:, t], state))
        state = steps[-1].state
    spikes = {name: np.stack([s.spikes[name] for s in steps], 1) for name in steps[0].spikes}
    return OnnxRun(np.stack([s.output for s in steps], 1), spikes, steps[-1].state)


def _rate_outputs(model: SubLSTM | SubLSTMClassifier, x: Tensor) -> NDArray[Any]:
    trace = rate_trace(model, x)
    name = "logits" if isinstance(model, SubLSTMClassifier) else f"l{model.num_layers - 1}.h"
    values: NDArray[Any] = trace[name].cpu().numpy()
    return values


def load_onnx(path: Path) -> onnx.ModelProto:
    """Read an ONNX file from a stranger; its graph is checked, nothing is run.

    Raises GraphError for a file that is missing, too large, not ONNX, not valid, or that asks
    for custom operators or for data outside the file.
    """
    if not path.is_file():
        raise GraphError(f"{path}: there is no such file")
    if path.stat().st_size > _MOST_BYTES:
        raise GraphError(f"{path}: larger than {_MOST_BYTES} bytes, which no ONNX file is")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as error:  # protobuf raises its own DecodeError
        raise GraphError(f"{path}: not an ONNX file, or cut off ({error})") from error
    domains = {entry.domain for entry in model.opset_import} - set(_STANDARD_DOMAINS)
    if domains:
        raise GraphError(f"{path}: asks for operators of {sorted(domains)}; only standard ones run")
    if _has_external_data(model):
        raise GraphError(f"{path}: keeps data in other files, which are not read")
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # the checker and shape inference raise several classes
        raise GraphError(f"{path}: not a valid ONNX model: {error}") from error
    return model


def _has_external_data(message: Any) -> bool:
    """Whether any tensor within a protobuf message, at any depth, names another file."""
    if isinstance(message, onnx.TensorProto):
        return bool(message.data_location == onnx.TensorProto.EXTERNAL or message.external_data)
    inner = [
        item
        for field, value in message.ListFields()
        if field.message_type is not None
        for item in ([value] if hasattr(value, "ListFields") else value)
    ]
    return any(map(_has_external_data, inner))
