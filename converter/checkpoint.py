"""Our own checkpoints: one safetensors file whose metadata holds a JSON description.

One file and not a pair: a rename makes it whole or absent, and its description can neither be
lost nor belong to other weights. Any safetensors reader opens it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as encode_safetensors
from torch import Tensor, nn

from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import CheckpointError, ConfigError, ShapeError, SubspikeError
from spiking.files import strict_json, write_whole

from .archive import MAX_HEADER_BYTES, SafetensorsHeader, read_safetensors
from .parts import require_finite

SCHEMA = 1
METADATA_KEY = "subspike"

_RNN_ARGUMENTS: dict[str, type] = {
    "input_size": int,
    "hidden_size": int,
    "num_layers": int,
    "bias": bool,
    "batch_first": bool,
    "dropout": float,
    "bidirectional": bool,
    "forget": str,
    "activation": str,
    "cell_activation": str,
    "t_max": int,
}
_READOUT_ARGUMENTS: dict[str, type] = {
    "in_features": int,
    "out_features": int,
    "bias": bool,
    "activation": str,
}
# the JSON object in the metadata; every field's type is checked by `_parsed`
Description = dict[str, Any]
_FIELDS = {"schema", "class", "rnn", "readout", "shapes", "sha256", "notes"}
_DTYPES = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64"}


def save_checkpoint(
    model: SubLSTM | SubLSTMClassifier,
    path: str | Path,
    *,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write `model` as one `.safetensors` file; an existing file is replaced as a whole.

    The metadata entry "subspike" is a JSON object: schema (int), class, rnn and readout (the
    constructors' arguments), shapes (name -> list), notes (text to text), sha256 (of all
    this and the weights). The same model gives the same bytes.

    Raises ConfigError for another kind of model, another suffix or notes that are not text,
    NotFiniteError naming the parameter that holds NaN or infinity, CheckpointError if the file
    cannot be written. Nothing is written then.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ConfigError(f"{path}: the suffix must be .safetensors")
    notes = dict(notes or {})
    if not all(isinstance(text, str) for pair in notes.items() for text in pair):
        raise ConfigError("notes must map text to text")
    description = _description(model)
    tensors = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in model.state_dict().items()
    }
    expected = {name: tuple(value.shape) for name, value in _built(description).items()}
    if expected != {name: tuple(value.shape) for name, value in tensors.items()}:
        raise ConfigError(
            f"{type(model).__name__} has parameters {sorted(tensors)}; a {description['class']} "
            f"has {sorted(expected)}"
        )
    if len({value.dtype for value in tensors.values()}) != 1:
        raise ConfigError("all parameters must have the same dtype; call model.to(dtype) first")
    for name, value in tensors.items():
        if value.dtype not in _DTYPES:
            raise ConfigError(f"{name} is {value.dtype}; weights are one of {list(_DTYPES)}")
        require_finite(value, name)
    description |= {
        "shapes": {name: list(value.shape) for name, value in tensors.items()},
        "notes": notes,
    }
    description["sha256"] = _digest(description, tensors)
    text = json.dumps(description, sort_keys=True, allow_nan=False)
    data = encode_safetensors(tensors, {METADATA_KEY: text})
    if int.from_bytes(data[:8], "little") > MAX_HEADER_BYTES:
        raise ConfigError(f"the notes make the header longer than {MAX_HEADER_BYTES} bytes")
    write_whole(path, data)


def load_checkpoint(
    path: str | Path, *, device: torch.device | str = "cpu"
) -> SubLSTM | SubLSTMClassifier:
    """The model that `save_checkpoint` wrote, in eval mode; no random number is drawn.

    Every size is checked against the file and the description before any tensor is read.
    Raises CheckpointError for a file that is truncated, forged, of an unknown schema or
    described wrongly, ShapeError and NotFiniteError naming the tensor.
    """
    path = Path(path)
    tensors, header = read_safetensors(path, inspect=lambda head: _require_described(head, path))
    description = _parsed(header, path)
    for name, value in tensors.items():
        require_finite(value, f"{path}: {name}")
    if _digest(description, tensors) != description["sha256"]:
        raise CheckpointError(
            f"{path}: weights or description are not those that were saved (sha256 differs); the "
            "file was changed or damaged"
        )
    model = _module(description)
    model.load_state_dict(tensors, assign=True)
    return model.eval().to(device)


def is_own(header: SafetensorsHeader) -> bool:
    """Whether a safetensors file was written by `save_checkpoint`."""
    return METADATA_KEY in header.metadata


def _description(model: SubLSTM | SubLSTMClassifier) -> Description:
    if isinstance(model, SubLSTMClassifier):
        readout = {
            "in_features": model.readout.in_features,
            "out_features": model.readout.out_features,
            "bias": model.readout.bias is not None,
            "activation": model.readout_activation,
        }
        return {"schema": SCHEMA, "class": "SubLSTMClassifier", "readout": readout} | {
            "rnn": _arguments(model.rnn)
        }
    if isinstance(model, SubLSTM):
        return {"schema": SCHEMA, "class": "SubLSTM", "readout": None, "rnn": _arguments(model)}
    raise ConfigError(
        f"a {type(model).__name__} cannot be saved here; give a SubLSTM or a SubLSTMClassifier"
    )


def _arguments(rnn: SubLSTM) -> dict[str, object]:
    return {name: kind(getattr(rnn, name)) for name, kind in _RNN_ARGUMENTS.items()}


def _digest(description: Description, tensors: Mapping[str, Tensor]) -> str:
    """sha256 over the description, then dtype, shape and bytes of each tensor by name."""
    signed = {name: value for name, value in description.items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(signed, sort_keys=True).encode())
    for name in sorted(tensors):
        value = tensors[name].contiguous()
        digest.update(f"{name} {value.dtype} {list(value.shape)}\n".encode())
        digest.update(value.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _require_described(header: SafetensorsHeader, path: Path) -> None:
    """The header's tensors are those of the described model: names, shapes, one dtype."""
    description = _parsed(header, path)
    _require_plausible(description, header, path)
    try:
        expected = {name: tuple(value.shape) for name, value in _built(description).items()}
    except (SubspikeError, RuntimeError, OverflowError) as error:
        raise CheckpointError(f"{path}: the described model cannot be: {error}") from error
    missing = sorted(expected.keys() - header.entries.keys())
    extra = sorted(header.entries.keys() - expected.keys())
    if missing or extra:
        raise CheckpointError(f"{path}: missing tensors {missing}, unexpected tensors {extra}")
    for name, shape in expected.items():
        found = header.entries[name].shape
        if found != shape:
            raise ShapeError(f"{path}: {name} has shape {found}; the model needs {shape}")
    shapes = {name: list(entry.shape) for name, entry in header.entries.items()}
    if description["shapes"] != shapes:
        raise CheckpointError(f"{path}: the shapes in the description are not those of the tensors")
    dtypes = {entry.dtype for entry in header.entries.values()}
    if len(dtypes) > 1:
        raise CheckpointError(f"{path}: tensors of several dtypes {sorted(dtypes)}; needs one")


def _parsed(header: SafetensorsHeader, path: Path) -> Description:
    """The description, its fields of the right names and types."""
    if not is_own(header):
        raise CheckpointError(
            f"{path}: not a checkpoint of this project (no {METADATA_KEY!r} metadata); files of "
            "others go through import_checkpoint"
        )
    where = f"{path}: the description"
    value = strict_json(header.metadata[METADATA_KEY], where=where)
    if "kind" in value:
        raise CheckpointError(
            f"{path}: holds a {value['kind']!r}, not a rate model; read a spiking network with "
            "load_network"
        )
    if value.get("schema") != SCHEMA or type(value.get("schema")) is not int:
        raise CheckpointError(
            f"{where} has schema {value.get('schema')!r}; this version reads {SCHEMA}"
        )
    _require_fields(value, _FIELDS, where)
    if value["class"] not in ("SubLSTM", "SubLSTMClassifier"):
        raise CheckpointError(f"{where} names the class {value['class']!r}, which is not known")
    _require_typed(value["rnn"], _RNN_ARGUMENTS, f"{where}, rnn")
    if value["class"] == "SubLSTMClassifier":
        _require_typed(value["readout"], _READOUT_ARGUMENTS, f"{where}, readout")
    elif value["readout"] is not None:
        raise CheckpointError(f"{where} gives a SubLSTM a readout")
    notes = value["notes"]
    if not isinstance(notes, dict) or not all(isinstance(text, str) for text in notes.values()):
        raise CheckpointError(f"{where} has notes that are not text")
    return value


def _require_fields(value: Mapping[str, object], names: set[str], where: str) -> None:
    if set(value) != names:
        raise CheckpointError(
            f"{where}: missing fields {sorted(names - set(value))}, unknown fields "
            f"{sorted(set(value) - names)}"
        )


def _require_typed(value: object, kinds: Mapping[str, type], where: str) -> None:
    if not isinstance(value, dict):
        raise CheckpointError(f"{where} is {type(value).__name__}, not an object")
    _require_fields(value, set(kinds), where)
    for name, kind in kinds.items():
        if type(value[name]) is not kind:
            raise CheckpointError(f"{where}: {name} is {value[name]!r}, not {kind.__name__}")


def _require_plausible(description: Description, header: SafetensorsHeader, path: Path) -> None:
    """No claimed count above what the tensors hold, before a model of that size is laid out."""
    values = sum(math.prod(entry.shape) for entry in header.entries.values())
    layers = len(header.entries)
    limits = {"num_layers": layers, "hidden_size": values, "input_size": values}
    limits |= {"in_features": values, "out_features": values}
    for name, claimed in (description["rnn"] | (description["readout"] or {})).items():
        limit = limits.get(name)
        if limit is not None and not 0 < claimed <= limit:
            raise CheckpointError(f"{path}: {name} is {claimed}; the tensors allow 1..{limit}")


def _module(description: Description) -> SubLSTM | SubLSTMClassifier:
    """The described model on "meta": shapes without memory."""
    rnn = SubLSTM(**description["rnn"], device="meta")
    if description["class"] == "SubLSTM":
        return rnn
    given = dict(description["readout"])
    activation = given.pop("activation")
    readout = nn.Linear(**given, device="meta")
    return SubLSTMClassifier(rnn, readout, readout_activation=activation)


def _built(description: Description) -> dict[str, Tensor]:
    return dict(_module(description).state_dict())
