"""Files are hostile until proved whole: every claim is checked before it costs memory."""

import collections
import contextlib
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn

from converter.archive import MAX_HEADER_BYTES, named_tensors, read_safetensors, read_tensors
from spiking.errors import CheckpointError

WEIGHTS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.float64)}


def forged(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape: list[int], end: int, begin: int = 0, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_file_of_torch_before_1_6_is_read(tmp_path: Path) -> None:
    torch.save(WEIGHTS, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    found = read_tensors(tmp_path / "x.pt")
    assert all(torch.equal(found[name], value) for name, value in WEIGHTS.items())


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors", ".npz"])
def test_every_kind_of_file_gives_the_same_tensors(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    if suffix == ".npz":
        with path.open("wb") as handle:
            np.savez(handle, **{name: value.numpy() for name, value in WEIGHTS.items()})
    elif suffix == ".safetensors":
        path.write_bytes(save(WEIGHTS))
    else:
        torch.save(WEIGHTS, path)
    found = read_tensors(path)
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], value) for name, value in WEIGHTS.items())
    assert all(found[name].dtype == value.dtype for name, value in WEIGHTS.items())


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".npz"])
@given(share=st.floats(0.0, 0.999))
@settings(deadline=None)
def test_any_truncation_is_named(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, share: float
) -> None:
    path = tmp_path_factory.mktemp("cut") / f"x{suffix}"
    whole = io.BytesIO()
    if suffix == ".npz":
        np.savez(whole, **{name: value.numpy() for name, value in WEIGHTS.items()})
    elif suffix == ".pt":
        torch.save(WEIGHTS, whole)
    else:
        whole.write(save(WEIGHTS))
    data = whole.getvalue()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointError, match=path.name):
        read_tensors(path)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".npz"])
@given(flips=st.lists(st.tuples(st.floats(0.0, 0.999), st.integers(1, 255)), min_size=1))
@settings(deadline=None)
def test_damaged_bytes_are_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, flips: list[tuple[float, int]]
) -> None:
    path = tmp_path_factory.mktemp("flipped") / f"x{suffix}"
    whole = io.BytesIO()
    if suffix == ".npz":
        np.savez_compressed(whole, **{name: value.numpy() for name, value in WEIGHTS.items()})
    elif suffix == ".pt":
        torch.save(WEIGHTS, whole)
    else:
        whole.write(save(WEIGHTS))
    data = bytearray(whole.getvalue())
    for share, flip in flips:
        data[int(share * len(data))] ^= flip
    path.write_bytes(bytes(data))
    with contextlib.suppress(CheckpointError):
        assert all(isinstance(value, torch.Tensor) for value in read_tensors(path).values())


def test_damage_inside_a_compressed_array_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with path.open("wb") as handle:
        np.savez_compressed(handle, a=np.random.default_rng(0).normal(size=500))
    data = bytearray(path.read_bytes())
    for at in range(60, 90):
        data[at] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match=r"not a whole \.npz file"):
        read_tensors(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes long"),
        (struct.pack("<Q", 1 << 62), f"the limit is {MAX_HEADER_BYTES}"),
        (struct.pack("<Q", 4000) + b"{}", "claims a header of 4000 bytes but is 10"),
        (forged(b"\xff\xfe"), "not text"),
        (forged(b"[]"), "JSON list, not an object"),
        (forged(b'{"a": NaN}'), "NaN is not JSON"),
        (forged(b'{"a": 1, "a": 2}'), "a key appears twice"),
        (forged(b"[" * 100_000), "not valid JSON"),
        (forged({"__metadata__": {"a": 1}}), "not a map of strings"),
        (forged({"a": [1]}), "needs exactly dtype, shape and data_offsets"),
        (forged({"a": entry([2], 16, dtype="I64")}, b"0" * 16), "dtype 'I64'"),
        (forged({"a": entry([1 << 40], 1 << 42)}), "claim 4398046511104 bytes of data, the file"),
        (forged({"a": entry([2], 4)}, b"0000"), "needs 8 bytes, offsets give 4"),
        (forged({"a": entry([-1], 4)}, b"0000"), "lists of counts"),
        (forged({"a": entry([1], 4)}, b"00000000"), "claim 4 bytes of data, the file holds 8"),
        (forged({"a": entry([1], 8, begin=4)}, b"00000000"), "begins at byte 4, expected 0"),
        (
            forged({"a": entry([1], 4), "b": entry([1], 4)}, b"0000"),
            "'b' begins at byte 0, expected 4",
        ),
    ],
)
def test_forged_safetensors_are_named(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=message):
        read_safetensors(path)


def test_module_saved_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save(nn.Linear(2, 2), path)
    with pytest.raises(CheckpointError, match=r"would run code \(torch\.nn.*state_dict"):
        read_tensors(path)


def test_code_in_a_pickle_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Touch:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (marker,))

    path = tmp_path / "x.pt"
    torch.save({"a": Touch()}, path)
    with pytest.raises(CheckpointError, match="would run code"):
        read_tensors(path)
    assert not marker.exists()
    npz = tmp_path / "x.npz"
    with npz.open("wb") as handle:
        np.savez(handle, a=np.array([Touch()], dtype=object))
    with pytest.raises(CheckpointError, match="dtype object"):
        read_tensors(npz)
    assert not marker.exists()


def test_torchscript_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/constants.pkl", b"x")
    with pytest.raises(CheckpointError, match="TorchScript archive holds code"):
        read_tensors(path)


def test_compressed_torch_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data/0", bytes(1 << 20))
    with pytest.raises(CheckpointError, match="claims 1048576 bytes in a file of"):
        read_tensors(path)


def test_tensor_that_claims_more_than_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save({"a": torch.zeros(1).expand(1 << 20, 1 << 20)}, path)
    with pytest.raises(CheckpointError, match=r"'a' claims shape \(1048576, 1048576\)"):
        read_tensors(path)


def test_npz_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    small = io.BytesIO()
    np.save(small, np.zeros(2))
    forgery = small.getvalue().replace(b"(2,)", b"(9,)")
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", forgery)
    with pytest.raises(CheckpointError, match="needs 72 bytes, the member holds 16"):
        read_tensors(path)


def test_fortran_and_big_endian_arrays_are_read(tmp_path: Path) -> None:
    wanted = np.arange(6.0).reshape(2, 3)
    path = tmp_path / "x.npz"
    with path.open("wb") as handle:
        np.savez(handle, a=np.asfortranarray(wanted), b=wanted.astype(">f4"))
    found = read_tensors(path)
    assert np.array_equal(found["a"].numpy(), wanted)
    assert np.array_equal(found["b"].numpy(), wanted.astype(np.float32))


def test_training_dictionaries_and_data_parallel_are_unwrapped() -> None:
    inner = collections.OrderedDict({"module.a": torch.ones(2), "module.b": torch.ones(1)})
    for key in ("model_state", "state_dict", "model_state_dict"):
        assert named_tensors({"epoch": 3, key: inner}, where="x").keys() == {"a", "b"}


def test_half_precision_becomes_single() -> None:
    found = named_tensors({"a": torch.ones(2, dtype=torch.bfloat16)}, where="x")
    assert found["a"].dtype == torch.float32


@pytest.mark.parametrize(
    ("loaded", "message"),
    [
        ([torch.ones(1)], "x: holds list, not named tensors"),
        ({}, "holds dict, not named tensors"),
        ({"epoch": 3}, "'epoch' is int, not a tensor"),
        ({"a": torch.ones(2, dtype=torch.int64)}, r"'a' is torch\.int64"),
        ({"a": torch.eye(2).to_sparse()}, r"torch\.sparse_coo"),
        ({"a": torch.ones(2, device="meta")}, "on meta"),
        ({3: torch.ones(2)}, "entry 3"),
    ],
)
def test_what_is_not_named_weights_is_refused(loaded: object, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        named_tensors(loaded, where="x")


def test_unknown_suffix_and_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"suffix '\.h5' is not read"):
        read_tensors(tmp_path / "x.h5")
    for suffix in (".pt", ".safetensors", ".npz"):
        with pytest.raises(CheckpointError, match="No such file"):
            read_tensors(tmp_path / f"x{suffix}")
