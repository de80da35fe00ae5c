"""Small things every file writer and reader here shares: whole writes, strict JSON."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from .errors import CheckpointError


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, flush it to disk, then rename: all of it appears or nothing."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        raise CheckpointError(f"{path}: could not be written ({error})") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def proved(path: Path) -> Iterator[Path]:
    """A place beside `path` to write a file and prove it; it becomes `path` unless that fails.

    On any error the file vanishes and whatever was at `path` stays.
    """
    candidate = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp{path.suffix}")
    try:
        yield candidate
        try:
            candidate.replace(path)
        except OSError as error:
            raise CheckpointError(f"{path}: could not be written ({error})") from error
    finally:
        candidate.unlink(missing_ok=True)


def strict_json(text: str, *, where: str) -> dict[str, object]:
    """A JSON object without repeated keys or NaN; CheckpointError otherwise."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key appears twice")
        return found

    def refuse(constant: str) -> object:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{where} is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{where} is a JSON {type(value).__name__}, not an object")
    return value
