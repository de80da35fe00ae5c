"""A spiking network in one safetensors file: numbers as tensors, the rest as JSON in its header."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as encode_safetensors
from torch import Tensor

from spiking import Grid, Population, SpikingNetwork, SpikingSubLSTM
from spiking.errors import CheckpointError, ConfigError, ShapeError
from spiking.files import strict_json, write_whole

from .archive import SafetensorsHeader, read_safetensors
from .convert import require_finite
from .quantize import require_on_grid
from .translate import linear

KIND = "subspike.spiking"
SCHEMA = 1
_MOST_LAYERS = 64
# no tensor's shape depends on the levels, so nothing else bounds what thresholds would cost
_MOST_LEVELS = 4096
_FIELDS = {"kind", "schema", "code", "activation", "inputs", "hidden", "classes", "grid"}
_LAYER_TENSORS = ("weight_ih", "weight_hh", "bias", "forget")


def save_network(net: SpikingNetwork, path: Path) -> None:
    """Write `net` to `path`; the file appears whole or not at all.

    Only what was learned is stored; thresholds follow from the code and the grid.
    Raises NotFiniteError rather than write NaN or infinity.
    """
    require_finite(net)
    tensors = {name: value.detach().cpu().contiguous() for name, value in net.named_parameters()}
    about = {
        "kind": KIND,
        "schema": SCHEMA,
        "code": asdict(net.code),
        "activation": net.stack[0].activation,
        "inputs": net.input_size,
        "hidden": [layer.hidden_size for layer in net.stack],
        "classes": None if net.readout is None else net.readout.out_features,
        "grid": None if net.grid is None else asdict(net.grid),
    }
    write_whole(path, encode_safetensors(tensors, {"subspike": json.dumps(about, sort_keys=True)}))


def load_network(path: Path) -> SpikingNetwork:
    """The network that `save_network` wrote.

    Raises CheckpointError for a file that is truncated, forged, of another kind or schema, and
    ShapeError naming the first tensor whose shape is not what the header's sizes ask for, both
    before any tensor is read; NotFiniteError, and GridError where the header claims a grid that
    the numbers do not lie on.
    """
    headers: list[dict[str, Any]] = []

    def inspect(header: SafetensorsHeader) -> None:
        headers.append(_about(header, path))
        _require_shapes(_shapes(headers[0]), header, path)

    tensors, _ = read_safetensors(path, inspect=inspect)
    try:
        net = _built(headers[0], tensors)
    except (KeyError, TypeError, ConfigError) as error:
        raise CheckpointError(f"{path}: the header does not describe a network: {error}") from error
    require_finite(net)
    if net.grid is not None:
        require_on_grid(net)
    return net.eval()


def _about(header: SafetensorsHeader, path: Path) -> dict[str, Any]:
    text = header.metadata.get("subspike")
    if text is None:
        raise CheckpointError(f"{path}: a safetensors file, but not one of ours")
    about: dict[str, Any] = strict_json(text, where=f"{path}: the header's subspike entry")
    if about.get("kind") != KIND or about.get("schema") != SCHEMA:
        raise CheckpointError(
            f"{path}: kind {about.get('kind')!r}, schema {about.get('schema')!r}; this version "
            f"reads spiking networks ({KIND!r}) of schema {SCHEMA}"
        )
    unknown = sorted(set(about) ^ _FIELDS)
    if unknown:
        raise CheckpointError(f"{path}: header entries missing or unknown: {unknown}")
    hidden, classes, code = about["hidden"], about["classes"], about["code"]
    sizes = [about["inputs"], *(hidden if isinstance(hidden, list) else [])]
    sizes += [] if classes is None else [classes]
    layers = len(sizes) - (1 if classes is None else 2)
    if not 0 < layers <= _MOST_LAYERS or any(type(n) is not int or n < 1 for n in sizes):
        raise CheckpointError(f"{path}: sizes {sizes} are not those of a network")
    levels = code.get("levels") if isinstance(code, dict) else None
    if type(levels) is not int or levels > _MOST_LEVELS:
        raise CheckpointError(f"{path}: levels {levels!r}; a code has 1..{_MOST_LEVELS}")
    return about


def _shapes(about: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    sizes = [about["inputs"], *about["hidden"]]
    shapes: dict[str, tuple[int, ...]] = {}
    for index, (below, size) in enumerate(itertools.pairwise(sizes)):
        shapes |= {
            f"layers.{index}.weight_ih": (3 * size, below),
            f"layers.{index}.weight_hh": (3 * size, size),
            f"layers.{index}.bias": (3 * size,),
            f"layers.{index}.forget": (size,),
        }
    if about.get("classes") is not None:
        shapes |= {
            "readout.weight": (about["classes"], sizes[-1]),
            "readout.bias": (about["classes"],),
        }
    return shapes


def _require_shapes(
    expected: dict[str, tuple[int, ...]], header: SafetensorsHeader, path: Path
) -> None:
    unknown = sorted(set(header.entries) ^ set(expected))
    if unknown:
        raise CheckpointError(f"{path}: tensors missing or unknown: {unknown}")
    for name, wanted in expected.items():
        shape, dtype = header.entries[name].shape, header.entries[name].dtype
        kept = "F64" if name.endswith(".forget") else "F32"
        if dtype != kept:
            raise CheckpointError(f"{path}: tensor {name!r} is {dtype}; it is saved as {kept}")
        if shape != wanted:
            raise ShapeError(
                f"{path}: tensor {name!r} has shape {shape}; the sizes in its header ask for "
                f"{wanted}"
            )


def _built(about: dict[str, Any], tensors: dict[str, Tensor]) -> SpikingNetwork:
    code = Population(**about["code"])
    grid = None if about["grid"] is None else Grid(**about["grid"])
    layers = [
        SpikingSubLSTM(
            *(tensors[f"layers.{index}.{name}"] for name in _LAYER_TENSORS),
            code=code,
            activation=about["activation"],
            below=None if index == 0 else code.levels,
            grid=grid,
        )
        for index in range(len(about["hidden"]))
    ]
    readout = None
    if about["classes"] is not None:
        weight, bias = tensors["readout.weight"], tensors["readout.bias"]
        readout = linear(weight, bias, dtype=torch.float32)
    return SpikingNetwork(layers, readout)
