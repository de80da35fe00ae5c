"""Arrays from an .npz of a stranger: no pickles, sizes checked before anything is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import CheckpointError

_NUMBERS = "biuf"


def read_npz(path: Path, *, most_bytes: int = 2**31) -> dict[str, NDArray[Any]]:
    """Every array of the file by name.

    most_bytes  refuse a file whose members claim more than this when unpacked

    Raises CheckpointError for a file that is missing, cut off, too large, not an .npz, or that
    holds anything but numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(info.file_size for info in members) > most_bytes:
                raise CheckpointError(f"{path}: claims more than {most_bytes} bytes")
            return {
                info.filename.removesuffix(".npy"): _array(archive, info, path) for info in members
            }
    except CheckpointError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise any of a dozen types on bad bytes
        raise CheckpointError(f"{path}: not a whole .npz file ({error})") from error


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    with archive.open(info) as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise CheckpointError(f"{path}: array {info.filename!r} has an unknown header")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
        needed = dtype.itemsize * int(np.prod(shape, dtype=object))
        if dtype.kind not in _NUMBERS or needed != info.file_size - member.tell():
            raise CheckpointError(
                f"{path}: array {info.filename!r} of {dtype} {shape} is not what its bytes hold"
            )
        found: NDArray[Any] = np.frombuffer(member.read(), dtype=dtype)
        return found.reshape(shape[::-1]).T if fortran else found.reshape(shape)
