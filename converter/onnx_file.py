"""ONNX files: written whole or not at all, read with suspicion, proved by running them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.inliner
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import CodedNetwork, SpikingNetwork, SubLSTM, SubLSTMClassifier
from spiking.errors import (
    ConfigError,
    DriftError,
    GraphError,
    MissingSoftwareError,
    ShapeError,
)
from spiking.files import proved, write_whole

from .drift import Drift, drift, rasters, require_samples
from .matching import rate_trace
from .nir_graph import PORTABLE_DT
from .onnx_engines import ENGINES, Runner
from .onnx_graph import to_onnx
from .onnx_rules import require_ours, require_sized
from .onnx_wire import require_modest

_MOST_BYTES = 2**30
_OUTPUTS = {"logits", "output"}


@dataclass(frozen=True)
class OnnxRun:
    """What a model produced.

    output  `logits` or `output`, (batch, time, ...) or (batch, ...) when streaming
    spikes  {"l0.z": (batch, time, hidden, levels) bool, ...}; of other codes than the population
            what each spike carries (batch, time, hidden, wires); empty for a rate model
    state   the state after the last step, named like the inputs that take it
    """

    output: NDArray[Any]
    spikes: dict[str, NDArray[Any]]
    state: dict[str, NDArray[Any]]


def run_onnx(
    model: onnx.ModelProto,
    x: NDArray[Any],
    *,
    state: Mapping[str, NDArray[Any]] | None = None,
    engine: str = "onnxruntime",
) -> OnnxRun:
    """Run `model` on the CPU; x (batch, time, input), or (batch, input) streaming.

    state   as a former run returned it; None starts from silence
    engine  one of ENGINES

    Raises GraphError where the engine refuses the model or its ports are not those of `to_onnx`,
    ShapeError where it refuses the input or the state, ConfigError for an unknown engine,
    MissingSoftwareError for one that is not installed.
    """
    return _run(model, _loaded(model, engine), x, state)


def _loaded(model: onnx.ModelProto, engine: str) -> Runner:
    if engine not in ENGINES:
        raise ConfigError(f"engine {engine!r} is not known; choose one of {sorted(ENGINES)}")
    taken = [port.name for port in model.graph.input]
    given = {port.name for port in model.graph.output}
    wanted = {f"{name}.next" for name in taken[1:]}
    sized = all(_width(port) > 0 for port in model.graph.input)
    if taken[:1] != ["x"] or not sized or not wanted < given or not given & _OUTPUTS:
        raise GraphError(
            f"inputs {taken} and outputs {sorted(given)} are not those of a model that to_onnx "
            "made: x and states; logits or output, spikes and states"
        )
    try:
        return ENGINES[engine](model)
    except MissingSoftwareError:
        raise
    except Exception as error:  # each engine raises its own classes
        raise GraphError(f"{engine} cannot load the model: {error}") from error


def _run(
    model: onnx.ModelProto,
    runner: Runner,
    x: NDArray[Any],
    state: Mapping[str, NDArray[Any]] | None,
) -> OnnxRun:
    first, *states = model.graph.input
    feeds = {"x": np.asarray(x, dtype=_dtype(first))}
    missing = [] if state is None else [port.name for port in states if port.name not in state]
    if missing:
        raise ShapeError(f"the state lacks {missing}; pass the one that the last run returned")
    if feeds["x"].ndim != len(first.type.tensor_type.shape.dim):
        raise ShapeError(f"x has shape {np.shape(x)}; the model takes another number of axes")
    for port in states:
        zeros = np.zeros((len(feeds["x"]), _width(port)), dtype=_dtype(port))
        feeds[port.name] = zeros if state is None else state[port.name]
    try:
        named = runner(feeds)
    except Exception as error:  # as above
        raise ShapeError(f"the engine refuses x of shape {np.shape(x)}: {error}") from error
    after = {port.name: named.pop(f"{port.name}.next") for port in states}
    output = named.pop("logits") if "logits" in named else named.pop("output")
    return OnnxRun(output, {name: _raster(value) for name, value in named.items()}, after)


def _raster(value: NDArray[Any]) -> NDArray[Any]:
    return value.astype(bool) if value.dtype == np.uint8 else value


def _width(port: onnx.ValueInfoProto) -> int:
    axes = port.type.tensor_type.shape.dim
    return int(axes[-1].dim_value) if axes else 0


def _dtype(port: onnx.ValueInfoProto) -> type[np.floating[Any]]:
    wide = port.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE
    return np.float64 if wide else np.float32


def export_onnx(
    model: SpikingNetwork | CodedNetwork | SubLSTM | SubLSTMClassifier,
    path: Path,
    x: Tensor,
    *,
    streaming: bool = False,
    weights: str = "float",
    functions: bool = False,
    dt: float = PORTABLE_DT,
) -> Drift:
    """Write `model` to `path` and prove the file on x (batch, time, input) by running it.

    streaming, weights, functions, dt  as in `to_onnx`

    A spiking network must be equal spike for spike and logit for logit, a rate model within
    1e-5. Raises DriftError otherwise and what `to_onnx` raises; then no file is left behind.
    EmptyDataError where x proves nothing.
    """
    require_samples(x)
    made = to_onnx(model, streaming=streaming, weights=weights, functions=functions, dt=dt)
    with proved(path) as candidate:
        write_whole(candidate, made.SerializeToString())
        found = verify_onnx(load_onnx(candidate), model, x)
        found.require_none(what=f"the file {path.name}")
    return found


@torch.no_grad()
def verify_onnx(
    made: onnx.ModelProto,
    model: SpikingNetwork | CodedNetwork | SubLSTM | SubLSTMClassifier,
    x: Tensor,
    *,
    engine: str = "onnxruntime",
) -> Drift:
    """Run `made` (whole or streaming) and `model` on x (batch, time, input) and compare them.

    engine  one of ENGINES

    Raises DriftError where a value differs though every spike is equal.
    """
    streaming = len(made.graph.input[0].type.tensor_type.shape.dim) == 2
    run_it = _stepwise if streaming else run_onnx
    done = run_it(made, x.cpu().numpy(), engine=engine)
    if isinstance(model, SubLSTM | SubLSTMClassifier):
        expected = _rate_outputs(model, x)
        worst = float(np.abs(done.output - expected).max(initial=0.0))
        if worst > 1e-5:
            raise DriftError(f"the rate model's outputs differ by {worst:.3g}, more than 1e-5")
        return Drift(0, 0, "")
    run = model.run(x, record=True)
    found = drift(rasters(run.spikes), done.spikes)
    values = run.output if run.logits is None else run.logits
    if found.differing == 0 and not np.array_equal(values.cpu().numpy(), done.output):
        raise DriftError("all spikes are equal, yet the outputs differ")
    return found


def _stepwise(made: onnx.ModelProto, x: NDArray[Any], *, engine: str) -> OnnxRun:
    runner, state = _loaded(made, engine), None
    steps: list[OnnxRun] = []
    for t in range(x.shape[1]):
        steps.append(_run(made, runner, x[:, t], state))
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

    Time and memory are bounded before anything is parsed: 1 GiB, 4 MiB beside the constants.
    Raises GraphError for a file that is missing, too large, not ONNX, not valid, or that holds
    anything that `to_onnx` never writes (see `onnx_rules.require_ours`): other operators,
    functions that the file does not define, data outside the file, constants that claim more
    than they hold. NotFiniteError for constants with NaN or infinity.
    """
    if not path.is_file():
        raise GraphError(f"{path}: there is no such file")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise GraphError(f"{path}: larger than {_MOST_BYTES} bytes, which no network of ours is")
    require_modest(data, where=str(path))
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf raises its own DecodeError
        raise GraphError(f"{path}: not an ONNX file, or cut off ({error})") from error
    require_ours(model, where=str(path))
    try:
        onnx.checker.check_model(model, full_check=True)
        plain = onnx.inliner.inline_local_functions(model) if model.functions else model
        require_sized(plain, where=str(path))
    except GraphError:
        raise
    except Exception as error:  # the checker and shape inference raise several classes
        raise GraphError(f"{path}: not a valid ONNX model: {error}") from error
    return model
