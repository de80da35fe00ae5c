"""Runtimes that run our ONNX files; what each makes of them was measured.

onnxruntime  the default; bit for bit
reference    onnx's own definition of the operators in NumPy; bit for bit, slow
web          ONNX Runtime in WebAssembly, as a browser has it; bit for bit. Optional: needs node and
             node_modules/onnxruntime-web here, or where SUBSPIKE_NODE says; a process a run
tract        Rust, optional; bit for bit. 0.23 does not round doubles, so no computed forget and
             no code but the population
openvino     optional; changes last bits of doubles: populations were equal in 29 million bins,
             membranes of the rate code drift after 100 steps
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
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

from spiking.errors import GraphError, MissingSoftwareError

Arrays = dict[str, NDArray[Any]]
Feeds = Mapping[str, NDArray[Any]]
Runner = Callable[[Feeds], Arrays]
_WEB = Path(__file__).parent / "onnx_web.mjs"
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


def web_engine(model: onnx.ModelProto) -> Runner:
    """ONNX Runtime in WebAssembly, on one thread.

    Raises MissingSoftwareError where node or onnxruntime-web is not installed.
    """
    node = shutil.which("node")
    modules = Path(os.environ.get("SUBSPIKE_NODE", ".")).absolute()
    if node is None or not (modules / "node_modules" / "onnxruntime-web").is_dir():
        raise MissingSoftwareError(
            "node with onnxruntime-web is not installed here", "npm install onnxruntime-web"
        )
    command = [node, str(_WEB), str(modules)]

    def run(feeds: Feeds) -> Arrays:
        with tempfile.TemporaryDirectory(prefix="subspike-") as place:
            folder, about = Path(place), []
            (folder / "model.onnx").write_bytes(model.SerializeToString())
            for index, (name, value) in enumerate(feeds.items()):
                (folder / f"feed{index}.bin").write_bytes(np.ascontiguousarray(value).tobytes())
                about.append({"name": name, "type": value.dtype.name, "dims": value.shape})
            (folder / "feeds.json").write_text(json.dumps(about))
            done = subprocess.run(  # noqa: S603 - our own script in an interpreter that was found
                [*command, place], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise GraphError(f"onnxruntime-web: {done.stderr[-500:]}")
            found = json.loads((folder / "found.json").read_text())
            return {
                each["name"]: np.fromfile(folder / f"found{at}.bin", each["type"]).reshape(
                    each["dims"]
                )
                for at, each in enumerate(found)
            }

    return run


def _plain(model: onnx.ModelProto) -> onnx.ModelProto:
    return onnx.inliner.inline_local_functions(model) if model.functions else model


ENGINES: dict[str, Callable[[onnx.ModelProto], Runner]] = {
    "onnxruntime": onnxruntime_engine,
    "reference": reference_engine,
    "tract": tract_engine,
    "openvino": openvino_engine,
    "web": web_engine,
}
