"""Placements survive their file; damaged and hostile files do not get in."""

import io
import json
import zipfile

import numpy as np
import pytest

from hardware import load_placement, save_placement
from spiking.errors import CheckpointError
from tests.hardware.chips import random_placement


def test_a_round_trip_changes_nothing(tmp_path) -> None:
    placement, _ = random_placement(1)
    save_placement(placement, tmp_path / "p.npz")
    again = load_placement(tmp_path / "p.npz")
    assert (again.target, again.dt, again.notes) == (placement.target, placement.dt, ())
    assert again.arrays.keys() == placement.arrays.keys()
    for name, each in placement.arrays.items():
        assert np.array_equal(again.arrays[name], each)
    assert [path.name for path in tmp_path.iterdir()] == ["p.npz"]


def written(path, about, **arrays) -> None:
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, about=text, **arrays)


GOOD = {"schema": 1, "target": "xylo-imu", "dt": 1e-3, "notes": []}


@pytest.mark.parametrize(
    ("about", "arrays", "words"),
    [
        (GOOD | {"schema": 2}, {}, "schema 2"),
        (GOOD | {"target": "abacus"}, {}, "abacus"),
        (GOOD, {"w": np.zeros(3)}, "not integers"),
        ({"schema": 1}, {}, "not a whole placement"),
    ],
)
def test_wrong_content_is_named(tmp_path, about, arrays, words) -> None:
    written(tmp_path / "p.npz", about, **arrays)
    with pytest.raises(CheckpointError, match=words):
        load_placement(tmp_path / "p.npz")


def test_cut_off_missing_pickled_and_huge_files_are_refused(tmp_path) -> None:
    path = tmp_path / "p.npz"
    with pytest.raises(CheckpointError, match=r"p\.npz: not a whole .*No such file"):
        load_placement(path)
    save_placement(random_placement(1)[0], path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match=r"p\.npz: not a whole"):
        load_placement(path)
    written(path, GOOD, evil=np.array([object()], dtype=object))
    with pytest.raises(CheckpointError, match=r"'evil\.npy' of object"):
        load_placement(path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(17):
            archive.writestr(f"{index}.npy", bytes(2**26))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(CheckpointError, match="claims"):
        load_placement(path)
