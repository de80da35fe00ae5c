"""Placements, quantised networks and configurations in one .npz each: no pickles, sizes checked.

`packed` is also what a vendor's worker is given: a dictionary that JSON can hold, and arrays.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import CheckpointError, SubspikeError
from spiking.files import strict_json, write_whole
from spiking.npz import read_npz

from .configuration import Configuration
from .network import Entry, Exit, Ints, Neurons, Quantized, Synapses
from .placement import Placement

SCHEMA = 3
_MOST_BYTES = 2**31
_NUMBERS = ("threshold", "bias", "current_decay", "potential_decay", "knots")
_WORDS = ("name", "spikes", "tick", "says", "drop")

Artefact = Placement | Quantized | Configuration
About = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


def save(artefact: Artefact, path: Path) -> None:
    """Write a placement, a quantised network or a configuration, whole or not at all."""
    about, arrays = packed(artefact)
    text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, about=text, **{name: _small(a) for name, a in arrays.items()})
    write_whole(path, buffer.getvalue())


def load(path: Path) -> Artefact:
    """What `save` wrote.

    Raises CheckpointError for a file that is missing, cut off, too large, of another schema, or
    whose parts do not fit each other.
    """
    arrays = read_npz(path, most_bytes=_MOST_BYTES)
    try:
        about = strict_json(bytes(arrays.pop("about")).decode(), where=f"{path}: about")
        if about.get("schema") != SCHEMA or about.get("kind") not in _UNPACK:
            raise CheckpointError(
                f"schema {about.get('schema')!r} of {about.get('kind')!r}; this version reads "
                f"schema {SCHEMA} of {sorted(_UNPACK)}"
            )
        if any(a.dtype.kind not in "iu" for a in arrays.values()):
            raise CheckpointError("arrays that are no integers")
        return _UNPACK[str(about["kind"])](about, arrays)
    except (LookupError, TypeError, ValueError, AttributeError, SubspikeError) as error:
        raise CheckpointError(f"{path}: not a whole artefact ({error})") from error


def packed(artefact: Artefact) -> tuple[About, Arrays]:
    """A dictionary that JSON can hold, and integer arrays; together all of the artefact."""
    if isinstance(artefact, Quantized):
        about, arrays = _packed_network(artefact)
    elif isinstance(artefact, Placement):
        about, arrays = _packed_placement(artefact)
    else:
        network, arrays = _packed_network(artefact.network)
        placement, placed = _packed_placement(artefact.placement)
        names = sorted(artefact.files)
        for at, name in enumerate(names):
            arrays[f"file{at}"] = np.frombuffer(artefact.files[name], np.uint8)
        arrays |= placed
        about = {**network, **placement, "kind": "configuration", "files": names}
    return {**about, "schema": SCHEMA}, arrays


def _packed_network(network: Quantized) -> tuple[About, Arrays]:
    arrays: Arrays = {}
    for at, group in enumerate(network.groups):
        arrays |= {f"group{at}.{name}": getattr(group, name) for name in _NUMBERS}
    for at, each in enumerate(network.synapses):
        arrays[f"synapses{at}.weight"] = each.weight
    about = {
        "kind": "quantized",
        "target": network.target,
        "dt": network.dt,
        "ticks": network.ticks,
        "entry": asdict(network.entry),
        "exit": asdict(network.exit),
        "groups": [{name: getattr(g, name) for name in _WORDS} for g in network.groups],
        "synapses": [
            {name: getattr(s, name) for name in ("source", "target", "delay", "shift", "drop")}
            for s in network.synapses
        ],
        "notes": list(network.notes),
    }
    return about, arrays


def _packed_placement(placement: Placement) -> tuple[About, Arrays]:
    names, resources = list(placement.cores), list(placement.used)
    arrays: Arrays = {f"cores{at}": placement.cores[name] for at, name in enumerate(names)}
    arrays |= {f"used{at}": placement.used[name] for at, name in enumerate(resources)}
    about = {
        "kind": "placement",
        "target": placement.target,
        "placed": names,
        "resources": resources,
        "limits": dict(placement.limits),
    }
    return about, arrays


def _network(about: Mapping[str, Any], arrays: Arrays) -> Quantized:
    entry = {**about["entry"], "clocks": tuple(about["entry"]["clocks"])}
    return Quantized(
        str(about["target"]),
        float(about["dt"]),
        Entry(**entry),
        Exit(**about["exit"]),
        tuple(
            Neurons(**(group | {name: _whole(arrays[f"group{at}.{name}"]) for name in _NUMBERS}))
            for at, group in enumerate(about["groups"])
        ),
        tuple(
            Synapses(**each, weight=_whole(arrays[f"synapses{at}.weight"]))
            for at, each in enumerate(about["synapses"])
        ),
        int(about["ticks"]),
        tuple(map(str, about["notes"])),
    )


def _placement(about: Mapping[str, Any], arrays: Arrays) -> Placement:
    return Placement(
        str(about["target"]),
        {str(name): _whole(arrays[f"cores{at}"]) for at, name in enumerate(about["placed"])},
        {str(name): _whole(arrays[f"used{at}"]) for at, name in enumerate(about["resources"])},
        {str(name): int(limit) for name, limit in about["limits"].items()},
    )


def _configuration(about: Mapping[str, Any], arrays: Arrays) -> Configuration:
    files = {str(name): arrays[f"file{at}"].tobytes() for at, name in enumerate(about["files"])}
    return Configuration(_network(about, arrays), _placement(about, arrays), files)


_UNPACK: dict[str, Callable[[Mapping[str, Any], Arrays], Artefact]] = {
    "configuration": _configuration,
    "placement": _placement,
    "quantized": _network,
}


def _whole(values: NDArray[Any]) -> Ints:
    return values.astype(np.int64)


def _small(values: NDArray[Any]) -> NDArray[Any]:
    """The same integers in as few bytes as hold them."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    for kind in (np.uint8, np.int8, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values
