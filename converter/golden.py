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

VERIFIER = '''"""Check network.onnx against golden.npz; needs numpy and onnxruntime only."""

import json
import pathlib
import sys

import numpy as np
import onnxruntime

here = pathlib.Path(__file__).parent
golden = np.load(here / "golden.npz", allow_pickle=False)
about = json.loads(bytes(golden["about"]).decode())
session = onnxruntime.InferenceSession(str(here / "network.onnx"))
feeds = {"x": golden["x"]}
for port in session.get_inputs()[1:]:
    kind = np.float64 if "double" in port.type else np.float32
    feeds[port.name] = np.zeros((len(golden["x"]), port.shape[1]), kind)
names = [port.name for port in session.get_outputs()]
found = dict(zip(names, session.run(None, feeds)))
differing = 0
for name in about["populations"]:
    raster = np.unpackbits(golden["spikes." + name], count=found[name].size)
    differing += int((raster.reshape(found[name].shape) != found[name]).sum())
output = "logits" if "logits" in names else "output"
equal = np.array_equal(found[output], golden["output"])
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
