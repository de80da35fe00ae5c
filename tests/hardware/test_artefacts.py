"""Placements, networks and configurations survive their file; hostile files do not get in."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from hardware import load, save
from hardware.artefacts import packed
from spiking.errors import CheckpointError
from tests.hardware.chips import configured, random_network


def parts() -> dict:
    whole = replace(configured(random_network(1)[0]), files={"core.v": b"module", "w.hex": b""})
    return {"network": whole.network, "placement": whole.placement, "configuration": whole}


@pytest.mark.parametrize("name", parts())
def test_a_round_trip_changes_nothing(tmp_path, name) -> None:
    given = parts()[name]
    save(given, tmp_path / "a.npz")
    about, arrays = packed(load(tmp_path / "a.npz"))
    wanted_about, wanted = packed(given)
    assert about == wanted_about
    assert arrays.keys() == wanted.keys()
    for key, each in wanted.items():
        assert np.array_equal(arrays[key], each)
        assert key.startswith("file") or arrays[key].dtype == np.int64
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def written(path, about, arrays) -> None:
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, about=text, **arrays)


@pytest.mark.parametrize(
    ("change", "arrays", "words"),
    [
        ({"schema": 1}, {}, "schema 1"),
        ({"kind": "abacus"}, {}, "abacus"),
        ({"groups": 3}, {}, "not a whole artefact"),
        ({"ticks": 0}, {}, "must be positive"),
        ({"exit": {"group": "nobody"}}, {}, "nobody"),
        ({}, {"synapses0.weight": np.zeros((1, 1), int)}, "have shape"),
        ({}, {"group0.bias": np.zeros(3)}, "no integers"),
    ],
)
def test_wrong_content_is_named(tmp_path, change, arrays, words) -> None:
    about, given = packed(random_network(1, most=8)[0])
    written(tmp_path / "a.npz", about | change, given | arrays)
    with pytest.raises(CheckpointError, match=words):
        load(tmp_path / "a.npz")


def test_cut_off_missing_pickled_and_huge_files_are_refused(tmp_path) -> None:
    path = tmp_path / "p.npz"
    with pytest.raises(CheckpointError, match=r"p\.npz: not a whole .*No such file"):
        load(path)
    save(random_network(1)[0], path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match=r"p\.npz: not a whole"):
        load(path)
    written(path, {}, {"evil": np.array([object()], dtype=object)})
    with pytest.raises(CheckpointError, match=r"'evil\.npy' of object"):
        load(path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(33):
            archive.writestr(f"{index}.npy", bytes(2**26))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(CheckpointError, match="claims"):
        load(path)
