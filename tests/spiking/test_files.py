"""Writes are whole or absent."""

import os
from pathlib import Path

import pytest

from spiking.errors import CheckpointError
from spiking.files import strict_json, write_whole


def test_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    write_whole(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="could not be written"):
        write_whole(tmp_path / "no" / "x", b"")


def test_strict_json_reads_objects_only() -> None:
    assert strict_json('{"a": [1, 2.5]}', where="x") == {"a": [1, 2.5]}
    for text in ('{"a": 1, "a": 1}', "{", "3", '{"a": Infinity}', "[" * 200_000):
        with pytest.raises(CheckpointError, match=r"^x is"):
            strict_json(text, where="x")
