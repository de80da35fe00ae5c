"""Golden vectors: inputs and the spikes they must cause, for a lab that has no Python model."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import SpikingNetwork
from spiking.errors import CheckpointError
from spiking.files import strict_json, write_whole
from spiking.npz import read_npz

SCHEMA = 1

VERIFIER = '''"""Check network.onnx and network.step.onnx against golden.npz; numpy, onnxruntime."""

import json
import pathlib
import sys

import numpy as np
import onnxruntime


def run(path, x):
    session = onnxruntime.InferenceSession(str(path))
    names = [port.name for port in session.get_outputs()]
    kinds = {"tensor(double)": np.float64, "tensor(float)": np.float32}
    states = session.get_inputs()[1:]
    feeds = {port.name: np.zeros((len(x), port.shape[1]), kinds[port.type]) for port in states}
    if len(session.get_inputs()[0].shape) == 3:
        return dict(zip(names, session.run(None, {"x": x, **feeds})))
    steps = []
    for t in range(x.shape[1]):
        steps.append(dict(zip(names, session.run(None, {"x": x[:, t], **feeds}))))
        feeds = {name: steps[-1][name + ".next"] for name in feeds}
    return {name: np.stack([step[name] for step in steps], 1) for name in names}


here = pathlib.Path(__file__).parent
golden = np.load(here / "golden.npz", allow_pickle=False)
shapes = json.loads(bytes(golden["about"]))["populations"]
files = [here / name for name in ("network.onnx", "network.step.onnx") if (here / name).exists()]
runs = [run(path, golden["x"]) for path in files]
differing = 0
for name, shape in shapes.items():
    raster = np.unpackbits(golden["spikes." + name], count=np.prod(shape)).reshape(shape)
    differing += int(sum((found[name] != raster for found in runs), raster * 0).astype(bool).sum())
outputs = [found["logits" if "logits" in found else "output"] for found in runs]
equal = bool(runs) and all(np.array_equal(output, golden["output"]) for output in outputs)
sys.stdout.write(f"{differing} differing spikes, outputs {'equal' if equal else 'DIFFER'}\\n")
sys.exit(0 if differing == 0 and equal else 1)
'''


@dataclass(frozen=True)
class Golden:
    """Inputs, and what the network must answer.

    x            inputs on the grid (batch, time, input) float32
    spikes       {"l0.z": (batch, time, hidden, levels) bool, ...}
    output       logits, or h without a readout, (batch, time, ...) float32
    dt           seconds per step
    """

    x: NDArray[np.float32]
    spikes: dict[str, NDArray[np.bool_]]
    output: NDArray[np.float32]
    dt: float


@torch.no_grad()
def make_golden(net: SpikingNetwork, x: Tensor, *, dt: float) -> Golden:
    """Run `net` on x (batch, time, input) and keep everything it did."""
    encoded = net.encode(x)
    run = net.run(encoded, record=True)
    values = run.output if run.logits is None else run.logits
    spikes = {name: value.cpu().numpy() for name, value in run.spikes.items()}
    return Golden(encoded.cpu().numpy(), spikes, values.cpu().numpy(), dt)


def write_golden(golden: Golden, path: Path) -> None:
    """Write an .npz (rasters as packed bits); the file appears whole or not at all."""
    about = {
        "schema": SCHEMA,
        "dt": golden.dt,
        "populations": {name: list(raster.shape) for name, raster in golden.spikes.items()},
    }
    arrays = {f"spikes.{name}": np.packbits(raster) for name, raster in golden.spikes.items()}
    arrays["about"] = np.frombuffer(json.dumps(about, sort_keys=True).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=golden.x, output=golden.output, **arrays)
    write_whole(path, buffer.getvalue())


def read_golden(path: Path) -> Golden:
    """Golden vectors from a file; sizes are read from the headers before anything is unpacked.

    Raises CheckpointError for a file that is missing, cut off, too large, or holds other arrays.
    """
    arrays = read_npz(path)
    try:
        about = strict_json(bytes(arrays["about"]).decode(), where=f"{path}: about")
        if about.get("schema") != SCHEMA:
            raise CheckpointError(f"{path}: schema {about.get('schema')!r}, expected {SCHEMA}")
        return _golden(arrays, about)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{path}: not whole golden vectors ({error})") from error


def _golden(arrays: dict[str, NDArray[Any]], about: dict[str, object]) -> Golden:
    shapes, dt = about["populations"], about["dt"]
    if not isinstance(shapes, dict) or not isinstance(dt, float):
        raise ValueError("the golden vectors do not say their populations and dt")
    spikes = {}
    for name, shape in shapes.items():
        count = int(np.prod(shape, dtype=object))
        packed = arrays[f"spikes.{name}"].astype(np.uint8)
        if len(packed) != (count + 7) // 8:
            raise ValueError(f"population {name}: {len(packed)} bytes for a raster of {shape}")
        spikes[name] = np.unpackbits(packed, count=count).reshape(shape).astype(bool)
    return Golden(arrays["x"].astype(np.float32), spikes, arrays["output"].astype(np.float32), dt)
