"""Tensors in untrusted files: nothing is run, no size is believed before it is measured."""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import torch
from safetensors.torch import load as decode_safetensors
from torch import Tensor

from spiking.errors import CheckpointError
from spiking.files import strict_json

MAX_HEADER_BYTES = 1 << 20
MAX_FILE_BYTES = 4 << 30
# deflate cannot expand further than about 1032 to 1; anything above is a forged size
_MAX_INFLATION = 1100
_ITEM_BYTES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8}
_TRAINING_DICT_KEYS = ("model_state", "model_state_dict", "state_dict")


@dataclass(frozen=True)
class Entry:
    """One tensor as a safetensors header declares it; `begin` and `end` count from the data."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class SafetensorsHeader:
    """What a safetensors file declares before its data."""

    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]


def read_safetensors(
    path: Path, *, inspect: Callable[[SafetensorsHeader], None] | None = None
) -> tuple[dict[str, Tensor], SafetensorsHeader]:
    """Every tensor of a safetensors file, and its header.

    The header is checked against the file's true size, then shown to `inspect`, and only then
    is any tensor read. Raises CheckpointError for a truncated, forged or foreign file.
    """
    try:
        with path.open("rb") as handle:
            size = _measured(handle, path)
            header = _safetensors_header(handle, size, path)
            if inspect is not None:
                inspect(header)
            handle.seek(0)
            data = handle.read(size)
    except OSError as error:
        raise CheckpointError(f"{path}: could not be read ({error})") from error
    if len(data) != size:
        raise CheckpointError(f"{path}: {len(data)} of {size} bytes could be read")
    return decode_safetensors(data), header


def _measured(handle: IO[bytes], path: Path) -> int:
    size = os.fstat(handle.fileno()).st_size
    if size > MAX_FILE_BYTES:
        raise CheckpointError(f"{path}: {size} bytes; the limit is {MAX_FILE_BYTES}")
    return size


def _safetensors_header(handle: IO[bytes], size: int, path: Path) -> SafetensorsHeader:
    prefix = handle.read(8)
    if len(prefix) < 8:
        raise CheckpointError(f"{path}: {size} bytes long; not a safetensors file")
    length = int.from_bytes(prefix, "little")
    if length > MAX_HEADER_BYTES:
        raise CheckpointError(
            f"{path}: claims a header of {length} bytes; the limit is {MAX_HEADER_BYTES}"
        )
    if 8 + length > size:
        raise CheckpointError(
            f"{path}: claims a header of {length} bytes but is {size} bytes long; truncated?"
        )
    try:
        text = handle.read(length).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{path}: the header is not text; not a safetensors file") from error
    raw = strict_json(text, where=f"{path}: the header")
    metadata = raw.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise CheckpointError(f"{path}: the header's metadata is not a map of strings")
    entries = {name: _entry(name, value, path) for name, value in raw.items()}
    _require_gapless(entries, data_bytes=size - 8 - length, path=path)
    return SafetensorsHeader(entries, metadata)


def _entry(name: str, value: object, path: Path) -> Entry:
    where = f"{path}: tensor {name!r}"
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise CheckpointError(f"{where}: needs exactly dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if dtype not in _ITEM_BYTES:
        raise CheckpointError(f"{where}: dtype {dtype!r}; weights are one of {list(_ITEM_BYTES)}")
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or any(type(n) is not int or n < 0 for n in numbers):
            raise CheckpointError(f"{where}: shape and data_offsets must be lists of counts")
    if len(offsets) != 2:
        raise CheckpointError(f"{where}: data_offsets needs two counts, has {len(offsets)}")
    begin, end = offsets
    needed = math.prod(shape) * _ITEM_BYTES[dtype]
    if end - begin != needed:
        raise CheckpointError(
            f"{where}: shape {tuple(shape)} of {dtype} needs {needed} bytes, offsets give "
            f"{end - begin}"
        )
    return Entry(dtype, tuple(shape), begin, end)


def _require_gapless(entries: Mapping[str, Entry], *, data_bytes: int, path: Path) -> None:
    position = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != position:
            raise CheckpointError(
                f"{path}: tensor {name!r} begins at byte {entry.begin}, expected {position}"
            )
        position = entry.end
    if position != data_bytes:
        raise CheckpointError(
            f"{path}: the tensors claim {position} bytes of data, the file holds {data_bytes}"
        )


def read_npz(path: Path) -> dict[str, Tensor]:
    """Every array of an `.npz` file, pickled objects excluded.

    Raises CheckpointError where an array claims more bytes than its member holds.
    """
    try:
        with path.open("rb") as handle, zipfile.ZipFile(handle) as archive:
            _measured(handle, path)
            return {
                info.filename.removesuffix(".npy"): _npy_member(archive, info, path)
                for info in archive.infolist()
            }
    except CheckpointError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise any of a dozen types on bad bytes
        raise CheckpointError(f"{path}: not a whole .npz file ({error})") from error


def _npy_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Tensor:
    where = f"{path}: array {info.filename!r}"
    limit = min(MAX_FILE_BYTES, info.compress_size * _MAX_INFLATION)
    if info.file_size > limit:
        raise CheckpointError(f"{where}: claims {info.file_size} bytes; at most {limit} can be")
    with archive.open(info) as member:
        shape, fortran, dtype = _npy_header(member)
        if dtype.kind != "f" or dtype.itemsize not in (2, 4, 8):
            raise CheckpointError(f"{where}: dtype {dtype}; weights are 16, 32 or 64 bit floats")
        needed = math.prod(shape) * dtype.itemsize
        held = info.file_size - member.tell()
        if needed != held:
            raise CheckpointError(
                f"{where}: shape {shape} of {dtype} needs {needed} bytes, the member holds {held}"
            )
        flat = np.frombuffer(member.read(needed), dtype=dtype)
    array = flat.reshape(shape, order="F" if fortran else "C")
    return torch.from_numpy(np.array(array, dtype=dtype.newbyteorder("="), order="C"))


def _npy_header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """(shape, Fortran order, dtype) of an array; the header's own length is limited by numpy."""
    form = np.lib.format
    header: tuple[tuple[int, ...], bool, np.dtype[np.generic]]
    if form.read_magic(member) == (1, 0):
        header = form.read_array_header_1_0(member)
    else:
        header = form.read_array_header_2_0(member)
    return header


def read_torch(path: Path) -> object:
    """What `torch.load(weights_only=True)` finds in a `.pt` file, on the CPU.

    Raises CheckpointError for a file that holds code (a whole pickled module, a TorchScript
    archive) or is damaged. Files of torch before 1.6 have no table of sizes that could be
    checked first; their tensors are measured against the file afterwards, as all others are.
    """
    try:
        with path.open("rb") as handle:
            size = _measured(handle, path)
            if zipfile.is_zipfile(handle):
                _require_plain_torch_zip(handle, size, path)
    except CheckpointError:
        raise
    except Exception as error:  # zipfile raises half a dozen types on a bad table of contents
        raise CheckpointError(f"{path}: could not be read ({error})") from error
    try:
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises any of a dozen types on bad bytes
        code = re.search(r"GLOBAL (\S+)", str(error))
        if code:
            raise CheckpointError(
                f"{path}: loading it would run code ({code.group(1)}), which is refused. Where "
                "the file was made, save only the numbers: torch.save(model.state_dict(), path)"
            ) from error
        raise CheckpointError(
            f"{path}: not a whole torch file ({type(error).__name__}); truncated?"
        ) from error
    _require_held_sizes(loaded, size=size, path=path)
    return loaded


def _require_plain_torch_zip(handle: IO[bytes], size: int, path: Path) -> None:
    with zipfile.ZipFile(handle) as archive:
        infos = archive.infolist()
    if any(info.filename.endswith("constants.pkl") for info in infos):
        raise CheckpointError(
            f"{path}: a TorchScript archive holds code, which is refused. Load it where it was "
            "made and save its state_dict()"
        )
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED or info.file_size > size:
            raise CheckpointError(
                f"{path}: record {info.filename!r} claims {info.file_size} bytes in a file of "
                f"{size}; torch stores records uncompressed"
            )


def _require_held_sizes(loaded: object, *, size: int, path: Path) -> None:
    """A view may claim any shape over little storage; copying it would allocate the claim."""
    pending: list[tuple[str, object]] = [("", loaded)]
    while pending:
        name, value = pending.pop()
        if isinstance(value, Tensor) and value.numel() * value.element_size() > size:
            raise CheckpointError(
                f"{path}: tensor {name!r} claims shape {tuple(value.shape)}, more than the "
                f"{size} bytes of the file"
            )
        if isinstance(value, Mapping):
            pending.extend((str(key), inner) for key, inner in value.items())


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The named tensors of a `.pt`, `.pth`, `.safetensors` or `.npz` file, by its suffix."""
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        return read_safetensors(path)[0]
    if suffix == ".npz":
        return read_npz(path)
    if suffix in (".pt", ".pth"):
        return named_tensors(read_torch(path), where=str(path))
    raise CheckpointError(
        f"{path}: suffix {suffix!r} is not read; give a .pt, .pth, .safetensors or .npz file"
    )


def named_tensors(loaded: object, *, where: str) -> dict[str, Tensor]:
    """`loaded` as floating-point tensors by name; a training dictionary gives its state_dict.

    Half precision becomes float32; `module.` in front of every name (DataParallel) is dropped.
    Raises CheckpointError for anything that is not a dictionary of dense floating tensors.
    """
    if isinstance(loaded, Mapping):
        inner = [loaded[key] for key in _TRAINING_DICT_KEYS if key in loaded]
        loaded = inner[0] if inner else loaded
    if not isinstance(loaded, Mapping) or not loaded:
        raise CheckpointError(f"{where}: holds {type(loaded).__name__}, not named tensors")
    tensors: dict[str, Tensor] = {}
    for name, value in loaded.items():
        tensor = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(
                f"{where}: entry {name!r} is {type(value).__name__}, not a tensor; give a "
                "state_dict"
            )
        if not tensor.is_floating_point() or tensor.layout != torch.strided or tensor.is_meta:
            raise CheckpointError(
                f"{where}: tensor {name!r} is {tensor.dtype}, {tensor.layout}, on "
                f"{tensor.device}; weights are dense floating-point numbers"
            )
        half = tensor.dtype not in (torch.float32, torch.float64)
        tensors[name] = (tensor.float() if half else tensor).detach().cpu()
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors
