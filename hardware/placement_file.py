"""A placement in one .npz file, without pickles; sizes are checked before anything is read."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from spiking.errors import CheckpointError
from spiking.files import strict_json, write_whole
from spiking.npz import read_npz

from .target import Placement
from .targets import TARGETS

SCHEMA = 1
_MOST_BYTES = 2**30


def save_placement(placement: Placement, path: Path) -> None:
    """Write `placement`; the file appears whole or not at all."""
    about = {
        "schema": SCHEMA,
        "target": placement.target,
        "dt": placement.dt,
        "notes": list(placement.notes),
    }
    text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, about=text, **placement.arrays)
    write_whole(path, buffer.getvalue())


def load_placement(path: Path) -> Placement:
    """The placement that `save_placement` wrote.

    Raises CheckpointError for a file that is missing, cut off, too large, of another schema, for
    an unknown chip, or that holds anything but integers.
    """
    arrays = read_npz(path, most_bytes=_MOST_BYTES)
    try:
        about = strict_json(bytes(arrays.pop("about")).decode(), where=f"{path}: about")
        notes, dt = about["notes"], about["dt"]
        if not isinstance(notes, list) or not isinstance(dt, float):
            raise TypeError("dt and notes are missing")
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: not a whole placement ({error})") from error
    if about.get("schema") != SCHEMA or about.get("target") not in TARGETS:
        raise CheckpointError(
            f"{path}: schema {about.get('schema')!r} for {about.get('target')!r}; this version "
            f"reads schema {SCHEMA} for {sorted(TARGETS)}"
        )
    wrong = [name for name, a in arrays.items() if a.dtype != np.int64 or a.ndim not in (1, 2)]
    if wrong:
        raise CheckpointError(f"{path}: arrays {wrong} are not integers of one or two axes")
    return Placement(str(about["target"]), dt, arrays, tuple(map(str, notes)))
