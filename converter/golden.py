"""Golden vectors: inputs and the spikes they must cause, for a lab that has no Python model."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import CodedNetwork, SpikingNetwork
from spiking.errors import CheckpointError
from spiking.files import strict_json, write_whole
from spiking.npz import read_npz

from .drift import Raster, rasters
from .nir_graph import populations, to_nir
from .nir_steps import SPIKING
from .nir_widths import says

SCHEMA = 2
_SPIKES, _PLACES = "spikes.", "places."


@dataclass(frozen=True)
class Golden:
    """Inputs, and what the network must answer.

    x       inputs on the grid (batch, time, input) float32
    spikes  {"l0.z": (batch, time, hidden, levels) bool, ...}; of other codes than the population
            what each spike carries (batch, time, hidden, wires) float32
    output  logits, or h without a readout, (batch, time, ...) float32
    dt      seconds per step
    logits  whether `output` is
    places  {"portable.l0.z": (hidden, levels) int32, ...}: where the neurons of a population stand
            when the spiking nodes of that profile's NIR graph are put side by side, by name
    """

    x: NDArray[np.float32]
    spikes: dict[str, Raster]
    output: NDArray[np.float32]
    dt: float
    logits: bool = True
    places: dict[str, NDArray[np.int32]] = field(default_factory=dict)


@torch.no_grad()
def make_golden(
    net: SpikingNetwork | CodedNetwork, x: Tensor, *, dt: float, profiles: Sequence[str] = ()
) -> Golden:
    """Run `net` on x (batch, time, input) and keep everything it did.

    profiles  of the NIR files that the vectors shall be compared with
    """
    encoded = net.encode(x)
    run = net.run(encoded, record=True)
    values = run.output if run.logits is None else run.logits
    places = {
        f"{profile}.{name}": found
        for profile in profiles
        for name, found in _places(net, profile).items()
    }
    return Golden(
        x=encoded.cpu().numpy(),
        spikes=rasters(run.spikes),
        output=values.cpu().numpy(),
        dt=dt,
        logits=run.logits is not None,
        places=places,
    )


def _places(net: Any, profile: str) -> dict[str, NDArray[np.int32]]:
    """What `Golden.places` says of one profile."""
    nodes = to_nir(net, profile=profile).nodes
    widths = {name: says(node) or 0 for name, node in nodes.items() if type(node) in SPIKING}
    every = np.arange(sum(widths.values()), dtype=np.int32)
    # each neuron fires the digits of its own place, a digit a sample; so whatever the profile
    # does with a raster, it says from where a neuron was taken
    digits = (every >> np.arange(31)[:, None] & 1).astype(bool)[:, None]
    parts = np.split(digits, np.cumsum([widths[name] for name in sorted(widths)])[:-1], axis=-1)
    named = populations(dict(zip(sorted(widths), parts, strict=True)), net, profile=profile)
    weights = 2 ** np.arange(31)
    return {name: np.tensordot(weights, at[:, 0], 1).astype(np.int32) for name, at in named.items()}


def write_golden(golden: Golden, path: Path) -> None:
    """Write an .npz; the file appears whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {f"{_SPIKES}{n}": v for n, v in golden.spikes.items()}
    arrays |= {f"{_PLACES}{name}": value for name, value in golden.places.items()}
    about = {"schema": SCHEMA, "dt": golden.dt, "logits": golden.logits}
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
        about = strict_json(arrays["about"].tobytes().decode(), where=f"{path}: about")
        if about.get("schema") != SCHEMA:
            raise CheckpointError(f"{path}: schema {about.get('schema')!r}, expected {SCHEMA}")
        return _golden(arrays, about["dt"], about["logits"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{path}: not whole golden vectors ({error})") from error


def _golden(arrays: Mapping[str, NDArray[Any]], dt: object, logits: object) -> Golden:
    if not isinstance(dt, float) or not dt > 0 or not isinstance(logits, bool):
        raise ValueError(f"dt is {dt!r}, logits {logits!r}")
    x, output = (_array(arrays, name, np.float32, 3) for name in ("x", "output"))
    spikes: dict[str, Raster] = {}
    for key in arrays:
        if key.startswith(_SPIKES):
            kind = np.bool_ if arrays[key].dtype == np.bool_ else np.float32
            spikes[key.removeprefix(_SPIKES)] = _array(arrays, key, kind, 4)
    places = {
        key.removeprefix(_PLACES): _array(arrays, key, np.int32, 2)
        for key in arrays
        if key.startswith(_PLACES)
    }
    if not spikes or any(raster.shape[:2] != x.shape[:2] for raster in (output, *spikes.values())):
        raise ValueError("there are no spikes, or their samples and steps are not those of x")
    return Golden(x, spikes, output, dt, logits, places)


def _array(arrays: Mapping[str, NDArray[Any]], name: str, kind: Any, axes: int) -> NDArray[Any]:
    found = arrays[name]
    if found.dtype != kind or found.ndim != axes:
        raise ValueError(f"{name} is {found.dtype} of {found.ndim} axes")
    return found
