"""Arrays come back as they were; forged and broken files are named before they cost memory."""

import struct
import zipfile

import numpy as np
import pytest

from spiking.errors import CheckpointError
from spiking.npz import read_npz


def test_arrays_come_back(tmp_path) -> None:
    arrays = {
        "a": np.arange(6.0).reshape(2, 3),
        "turned": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "none": np.zeros((0, 4), np.uint8),
        "scalar": np.array(3.5, np.float32),
        "yes": np.array([True, False]),
    }
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    found = read_npz(tmp_path / "x.npz")
    assert found.keys() == arrays.keys()
    for name, value in arrays.items():
        assert found[name].dtype == value.dtype
        assert np.array_equal(found[name], value)


def forged(path, shape: tuple[int, ...], *, body: int = 8, dtype: str = "<f8") -> None:
    words = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    words += " " * (-(10 + len(words) + 1) % 64) + "\n"
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(words)) + words.encode()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", head + bytes(body))


@pytest.mark.parametrize("shape", [(10**12,), (2**40, 2**40), (-1, -1, 2), (2,)])
def test_a_shape_that_the_bytes_do_not_hold_is_refused(shape, tmp_path) -> None:
    forged(tmp_path / "x.npz", shape)
    with pytest.raises(CheckpointError, match=r"x\.npz"):
        read_npz(tmp_path / "x.npz")


def test_pickles_strings_and_too_much_are_refused(tmp_path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(CheckpointError, match="of object"):
        read_npz(path)
    np.savez(path, x=np.array(["word"]))
    with pytest.raises(CheckpointError, match="of <U4"):
        read_npz(path)
    np.savez(path, x=np.zeros(1000))
    with pytest.raises(CheckpointError, match="claims more than 800 bytes"):
        read_npz(path, most_bytes=800)


def test_a_file_that_is_missing_cut_off_or_other_is_named(tmp_path) -> None:
    path = tmp_path / "x.npz"
    with pytest.raises(CheckpointError, match="No such file"):
        read_npz(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(CheckpointError, match="not a whole"):
        read_npz(path)
    np.savez_compressed(path, x=np.arange(1000))
    whole = path.read_bytes()
    for cut in (1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(CheckpointError, match="not a whole"):
            read_npz(path)
