"""Runtimes that run our ONNX files: ONNX Runtime, the reference evaluator, tract, OpenVINO.

onnxruntime  the default
reference    onnx's own definition of the operators in NumPy, slow
tract        Rust, optional; whole and streaming, bit for bit; no local functions, which are
             written in place first
openvino     optional; holds the double cell state as float32, so that a spike may differ
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.inliner
import onnxruntime
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from spiking.errors import MissingSoftwareError

Arrays = dict[str, NDArray[Any]]
Feeds = Mapping[str, NDArray[Any]]
Runner = Callable[[Feeds], Arrays]
_FACTS = {np.dtype(np.float32): "f32", np.dtype(np.float64): "f64"}


def onnxruntime_engine(model: onnx.ModelProto) -> Runner:
    """ONNX Runtime on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it refuses is raised; it need not be printed as well
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [port.name for port in session.get_outputs()]
    return lambda feeds: dict(zip(names, session.run(None, dict(feeds)), strict=True))


def reference_engine(model: onnx.ModelProto) -> Runner:
    """The reference evaluator of the onnx package."""
    evaluator = ReferenceEvaluator(model)
    names = [port.name for port in model.graph.output]
    return lambda feeds: dict(zip(names, evaluator.run(None, dict(feeds)), strict=True))


def tract_engine(model: onnx.ModelProto) -> Runner:
    """The `tract` package; a model is prepared once for each shape of the inputs.

    Raises MissingSoftwareError where it is not installed.
    """
    try:
        import tract
    except ImportError as error:
        raise MissingSoftwareError("tract is not installed", "pip install tract") from error
    plain = _plain(model)
    outputs = [port.name for port in model.graph.output]
    prepared: dict[tuple[tuple[int, ...], ...], Any] = {}

    def load(feeds: Feeds) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            path.write_bytes(plain.SerializeToString())
            loaded = tract.onnx().load(path)
        for index in range(loaded.input_count()):
            value = feeds[loaded.input_name(index)]
            sizes = ",".join(str(size) for size in value.shape)
            loaded.set_input_fact(index, f"{sizes},{_FACTS[value.dtype]}")
        loaded.analyse()
        return loaded.into_model().into_runnable()

    def run(feeds: Feeds) -> Arrays:
        inputs = [np.ascontiguousarray(feeds[port.name]) for port in model.graph.input]
        shapes = tuple(value.shape for value in inputs)
        if shapes not in prepared:
            prepared[shapes] = load(feeds)
        values = [value.to_numpy() for value in prepared[shapes].run(inputs)]
        return dict(zip(outputs, values, strict=True))

    return run


def openvino_engine(model: onnx.ModelProto) -> Runner:
    """OpenVINO on the CPU; its float32, where a server's default is bfloat16.

    Raises MissingSoftwareError where it is not installed.
    """
    try:
        import openvino
    except ImportError as error:
        raise MissingSoftwareError("OpenVINO is not installed", "pip install openvino") from error
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(
        core.read_model(_plain(model).SerializeToString()), "CPU", settings
    )
    outputs = [port.name for port in model.graph.output]

    def run(feeds: Feeds) -> Arrays:
        found = compiled(dict(feeds))
        return {name: np.array(found[name]) for name in outputs}

    return run


def _plain(model: onnx.ModelProto) -> onnx.ModelProto:
    return onnx.inliner.inline_local_functions(model) if model.functions else model


ENGINES: dict[str, Callable[[onnx.ModelProto], Runner]] = {
    "onnxruntime": onnxruntime_engine,
    "reference": reference_engine,
    "tract": tract_engine,
    "openvino": openvino_engine,
}
