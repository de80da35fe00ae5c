"""What an ONNX file says about itself: the network, its code and grid, hashes of its numbers."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from typing import Any

import onnx

from spiking import CodedNetwork, SpikingNetwork, SubLSTM, SubLSTMClassifier
from spiking.errors import CheckpointError, GraphError
from spiking.files import strict_json

from .digest import digest
from .matching import rnn_of
from .network_file import named_code, named_forgetting
from .onnx_layers import DOMAIN_VERSION

METADATA_KEY = "subspike"
SCHEMA = 2
_MOST_CHARACTERS = 1_000_000
_KEYS: dict[str, type | tuple[type, ...]] = {
    "schema": int,
    "model": str,
    "dt": (int, float),
    "axes": list,
    "streaming": bool,
    "storage": str,
    "functions": int,
    "hidden": list,
    "weights": str,
    "numbers": str,
}


def describe(
    made: onnx.ModelProto,
    model: SpikingNetwork | CodedNetwork | SubLSTM | SubLSTMClassifier,
    *,
    streaming: bool,
    storage: str,
    dt: float,
) -> dict[str, Any]:
    """The metadata of `made`, a file of `model`.

    dt         seconds per step
    axes       of x: batch, time (whole sequences), input
    storage    "float" or "int8", how weight matrices lie in the file
    functions  version of the local functions that the graph calls, 0 without
    weights    digest of the model's own parameters
    numbers    hash of the file's constants and functions, which `about_onnx` checks

    A spiking network also has its code, how it forgets, its activation and grid; a rate model its
    forget and activations.
    """
    about: dict[str, Any] = {
        "schema": SCHEMA,
        "dt": dt,
        "axes": ["batch", "input"] if streaming else ["batch", "time", "input"],
        "streaming": streaming,
        "storage": storage,
        "functions": DOMAIN_VERSION if made.functions else 0,
        "weights": digest(model),
        "numbers": numbers_digest(made),
    }
    if isinstance(model, SubLSTM | SubLSTMClassifier):
        rnn = rnn_of(model)
        return about | {
            "model": "rate",
            "forget": rnn.forget,
            "activation": rnn.activation,
            "cell_activation": rnn.cell_activation,
            "hidden": [rnn.hidden_size] * rnn.num_layers,
        }
    coded = model if isinstance(model, CodedNetwork) else None
    first: Any = model.stack[0]
    return about | {
        "model": "spiking",
        "code": named_code(model.code),
        "forget": None if coded is None else named_forgetting(coded),
        "grid": None if model.grid is None else asdict(model.grid),
        "activation": getattr(first.activation, "name", first.activation),
        "hidden": [layer.hidden_size for layer in model.stack],
    }


def numbers_digest(made: onnx.ModelProto) -> str:
    """Hash (sha256) of name, type, shape and bytes of every constant, and of the functions."""
    found = hashlib.sha256()
    for tensor in made.graph.initializer:
        header = json.dumps([tensor.name, tensor.data_type, list(tensor.dims)])
        found.update(header.encode())
        found.update(tensor.raw_data)
    for function in made.functions:
        found.update(function.SerializeToString(deterministic=True))
    return found.hexdigest()


def about_onnx(made: onnx.ModelProto) -> dict[str, Any]:
    """The metadata of a file that `to_onnx` wrote, as `describe` lists it.

    Raises GraphError where it is missing, not whole, of another schema, or where the constants
    are not those that the file was written with.
    """
    found = [entry.value for entry in made.metadata_props if entry.key == METADATA_KEY]
    if len(found) != 1 or len(found[0]) > _MOST_CHARACTERS:
        raise GraphError(f"the model has no metadata {METADATA_KEY!r}; to_onnx writes it")
    try:
        about: dict[str, Any] = strict_json(found[0], where=f"metadata {METADATA_KEY!r}")
    except CheckpointError as error:
        raise GraphError(str(error)) from error
    if about.get("schema") != SCHEMA:
        raise GraphError(f"metadata of schema {about.get('schema')!r}, expected {SCHEMA}")
    wrong = [key for key, kind in _KEYS.items() if not isinstance(about.get(key), kind)]
    if wrong:
        raise GraphError(f"the metadata lacks {wrong}, or they have another type")
    if not (math.isfinite(about["dt"]) and about["dt"] > 0):
        raise GraphError(f"the metadata's dt is {about['dt']}; a step takes a positive time")
    if about["numbers"] != numbers_digest(made):
        raise GraphError("the constants of the model are not those that it was written with")
    return about
