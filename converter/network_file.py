"""A spiking network in one safetensors file: numbers as tensors, the rest as JSON in its header."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as encode_safetensors
from torch import Tensor

from spiking import CodedLayer, CodedNetwork, Grid, Population, SpikingNetwork, SpikingSubLSTM
from spiking.codes import CODES, Mixed
from spiking.codes.population import MOST_LEVELS
from spiking.errors import CheckpointError, ConfigError, ShapeError
from spiking.files import strict_json, write_whole
from spiking.forgetting import FORGETTINGS

from .archive import SafetensorsHeader, read_safetensors
from .convert import require_finite
from .quantize import require_on_grid
from .translate import linear

KIND = "subspike.spiking"
CODED_KIND = "subspike.coded"
SCHEMA = 1
_MOST_LAYERS = 64
_FIELDS = {"kind", "schema", "code", "activation", "inputs", "hidden", "classes", "grid"}
# what each kind of network says in its header
_KINDS = {KIND: _FIELDS, CODED_KIND: _FIELDS | {"forgetting"}}
_LAYER_TENSORS = ("weight_ih", "weight_hh", "bias", "forget")


def save_network(net: SpikingNetwork | CodedNetwork, path: Path) -> None:
    """Write `net` to `path`; the file appears whole or not at all.

    Only what was learned is stored; thresholds follow from the code and the grid.
    Raises NotFiniteError rather than write NaN or infinity.
    """
    require_finite(net)
    tensors = {name: value.detach().cpu().contiguous() for name, value in net.named_parameters()}
    about = {
        "kind": KIND,
        "schema": SCHEMA,
        "code": _described(net.code),
        "activation": net.stack[0].activation,
        "inputs": net.input_size,
        "hidden": [layer.hidden_size for layer in net.stack],
        "classes": None if net.readout is None else net.readout.out_features,
        "grid": None if net.grid is None else asdict(net.grid),
    }
    if isinstance(net, CodedNetwork):
        about |= _coded(net)
    write_whole(path, encode_safetensors(tensors, {"subspike": json.dumps(about, sort_keys=True)}))


def _coded(net: CodedNetwork) -> dict[str, Any]:
    """What only the header of a network in any code says."""
    return {
        "kind": CODED_KIND,
        "code": named_code(net.code),
        "activation": net.stack[0].activation.name,
        "forgetting": named_forgetting(net),
    }


def named_code(code: Any) -> dict[str, Any]:
    """A code as headers of files say it."""
    if isinstance(code, Mixed):
        return {"name": "mixed", "parts": [named_code(code.inner), named_code(code.outer)]}
    return {"name": _name(code, CODES), **_described(code)}


def named_forgetting(net: CodedNetwork) -> dict[str, Any] | None:
    """How a computed forget is formed, as headers of files say it; None for a constant one."""
    forgets = [layer.forgetting for layer in net.stack]
    if len(set(forgets)) > 1:
        raise ConfigError("the layers form their forget in different ways; a file holds one")
    if forgets[0] is None:
        return None
    return {"name": _name(forgets[0], FORGETTINGS), **_described(forgets[0])}


def _code_of(about: dict[str, Any]) -> Any:
    if about["name"] == "mixed":
        inner, outer = about["parts"]
        return Mixed(_named(inner, CODES), _named(outer, CODES))
    return _named(about, CODES)


def _name(value: object, among: Mapping[str, type]) -> str:
    return next(name for name, kind in among.items() if type(value) is kind)


def _described(value: Any) -> dict[str, Any]:
    return asdict(value)


def _named(about: dict[str, Any], among: Mapping[str, type]) -> Any:
    """The object that a header describes; KeyError or TypeError where it describes none."""
    return among[about["name"]](**{name: v for name, v in about.items() if name != "name"})


def load_network(path: Path) -> SpikingNetwork | CodedNetwork:
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
    except (KeyError, TypeError, ValueError, ConfigError) as error:
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
    kind = about.get("kind")
    if kind not in _KINDS or about.get("schema") != SCHEMA:
        raise CheckpointError(
            f"{path}: kind {about.get('kind')!r}, schema {about.get('schema')!r}; this version "
            f"reads spiking networks ({sorted(_KINDS)}) of schema {SCHEMA}"
        )
    unknown = sorted(set(about) ^ _KINDS[str(kind)])
    if unknown:
        raise CheckpointError(f"{path}: header entries missing or unknown: {unknown}")
    hidden, classes, code = about["hidden"], about["classes"], about["code"]
    sizes = [about["inputs"], *(hidden if isinstance(hidden, list) else [])]
    sizes += [] if classes is None else [classes]
    layers = len(sizes) - (1 if classes is None else 2)
    if not 0 < layers <= _MOST_LAYERS or any(type(n) is not int or n < 1 for n in sizes):
        raise CheckpointError(f"{path}: sizes {sizes} are not those of a network")
    if kind == CODED_KIND:
        return about  # each code bounds its own numbers
    levels = code.get("levels") if isinstance(code, dict) else None
    if type(levels) is not int or levels > MOST_LEVELS:
        raise CheckpointError(f"{path}: levels {levels!r}; a code has 1..{MOST_LEVELS}")
    return about


def _shapes(about: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    sizes = [about["inputs"], *about["hidden"]]
    gates = 3 if about.get("forgetting") is None else 4
    shapes: dict[str, tuple[int, ...]] = {}
    for index, (below, size) in enumerate(itertools.pairwise(sizes)):
        shapes |= {
            f"layers.{index}.weight_ih": (gates * size, below),
            f"layers.{index}.weight_hh": (gates * size, size),
            f"layers.{index}.bias": (gates * size,),
        }
        if gates == 3:
            shapes[f"layers.{index}.forget"] = (size,)
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


def _built(about: dict[str, Any], tensors: dict[str, Tensor]) -> SpikingNetwork | CodedNetwork:
    readout = None
    if about["classes"] is not None:
        weight, bias = tensors["readout.weight"], tensors["readout.bias"]
        readout = linear(weight, bias, dtype=torch.float32)
    grid = None if about["grid"] is None else Grid(**about["grid"])
    numbers: list[dict[str, Any]] = [
        {name: tensors.get(f"layers.{index}.{name}") for name in _LAYER_TENSORS}
        for index in range(len(about["hidden"]))
    ]
    words: dict[str, Any] = {"activation": about["activation"], "grid": grid}
    if about["kind"] == KIND:
        words["code"] = code = Population(**about["code"])
        plain = [
            SpikingSubLSTM(**each, **words, below=code.levels if index else None)
            for index, each in enumerate(numbers)
        ]
        return SpikingNetwork(plain, readout)
    words["code"] = coded = _code_of(about["code"])
    if about["forgetting"] is not None:
        for each in numbers:
            each["forget"] = _named(about["forgetting"], FORGETTINGS)
    layers = [
        CodedLayer(**each, **words, below=coded.levels if index else None)
        for index, each in enumerate(numbers)
    ]
    return CodedNetwork(layers, readout)
