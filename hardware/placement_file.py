"""A placement in one .npz file, without pickles; sizes are checked before anything is read."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from spiking.errors import CheckpointError

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
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(buffer.getvalue())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def load_placement(path: Path) -> Placement:
    """The placement that `save_placement` wrote.

    Raises CheckpointError for a file that is missing, cut off, too large, of another schema, for
    an unknown chip, or that holds anything but integers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            claimed = sum(info.file_size for info in archive.infolist())
        if claimed > _MOST_BYTES:
            raise CheckpointError(f"{path}: claims {claimed} bytes, more than {_MOST_BYTES}")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(bytes(arrays.pop("about")).decode())
        if about["schema"] != SCHEMA or about["target"] not in TARGETS:
            raise CheckpointError(
                f"{path}: schema {about['schema']!r} for {about['target']!r}; this version reads "
                f"schema {SCHEMA} for {sorted(TARGETS)}"
            )
        wrong = [name for name, a in arrays.items() if a.dtype != np.int64 or a.ndim not in (1, 2)]
        if wrong:
            raise CheckpointError(f"{path}: arrays {wrong} are not integers of one or two axes")
        return Placement(about["target"], float(about["dt"]), arrays, tuple(about["notes"]))
    except (OSError, zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: not a whole placement ({error})") from error
