"""HDF5 files of strangers: measured before anything is read, and then read without trust.

What a file claims bounds what is allocated: the walk adds up the sizes of all arrays, in the double
precision in which they will be used, and refuses what no NIR file holds (links, second names,
arrays kept elsewhere or never written, filters other than gzip). A chunk is inflated no further
than it claims, and text is read piece by piece, because many references to one long string are
short on disk.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from spiking.errors import GraphError

MOST_BYTES = 2**31
MOST_OBJECTS = 100_000
MOST_CHUNKS = 200_000
MOST_TEXT = 2**26
_DEFLATE = h5py.h5z.FILTER_DEFLATE
_NUMBERS = "fiubc"
_WIDEST = 16


def require_modest(file: h5py.File, *, most_bytes: int = MOST_BYTES) -> None:
    """GraphError unless all that `file` claims is plain, its own, and within the limits."""
    claimed, objects, chunks = 0, 0, 0
    seen = {h5py.h5o.get_info(file.id).addr}
    groups = [file]
    while groups:
        group = groups.pop()
        for name in group:
            where = f"{group.name.rstrip('/')}/{name}"
            objects += 1
            if objects > MOST_OBJECTS:
                raise GraphError(f"it claims more than {MOST_OBJECTS} objects")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise GraphError(f"{where} is a link, which NIR never writes")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                raise GraphError(f"{where} is a second name of something, which NIR never writes")
            seen.add(address)
            if isinstance(item, h5py.Group):
                groups.append(item)
                continue
            pieces, size = _claim(item, where)
            chunks, claimed = chunks + pieces, claimed + pieces * size
            if claimed > most_bytes or chunks > MOST_CHUNKS:
                raise GraphError(
                    f"{where}: up to here it claims {claimed} bytes in {chunks} pieces; at most "
                    f"{most_bytes} bytes in {MOST_CHUNKS} pieces are read"
                )


def _claim(item: Any, where: str) -> tuple[int, int]:
    """Pieces of a data set, and the bytes of each in double precision.

    Raises GraphError where it is no plain array.
    """
    if not isinstance(item, h5py.Dataset):
        raise GraphError(f"{where} is a {type(item).__name__}, which NIR never writes")
    if item.external or item.is_virtual:
        raise GraphError(f"{where} keeps its data in another file")
    text = h5py.check_string_dtype(item.dtype) is not None
    if item.dtype.kind not in _NUMBERS and not text:
        raise GraphError(f"{where} is of {item.dtype}, neither numbers nor text")
    plan = item.id.get_create_plist()
    filters = [plan.get_filter(at)[0] for at in range(plan.get_nfilters())]
    if filters not in ([], [_DEFLATE]) or (text and filters):
        raise GraphError(f"{where} went through the filters {filters}; gzip of numbers is read")
    if item.shape is None or item.size == 0:
        return 0, 0
    size, pieces, written = item.id.get_type().get_size(), 1, 1
    if item.chunks is not None:
        pieces = math.prod(-(-n // c) for n, c in zip(item.shape, item.chunks, strict=True))
        written = item.id.get_num_chunks() if pieces <= MOST_CHUNKS else pieces
        size *= math.prod(item.chunks)
    else:
        size *= item.size
        written = int(item.id.get_storage_size() >= size)
    if written != pieces:
        raise GraphError(f"{where} claims {pieces * size} bytes and holds {written * size} at most")
    # whoever computes with them widens them
    return pieces, size if text else size * max(1, 8 // item.dtype.itemsize)


def array(item: Any) -> NDArray[Any]:
    """The numbers of a data set that `require_modest` passed.

    Raises GraphError for text and for a chunk that holds more or less than it claims.
    """
    if item.dtype.kind not in _NUMBERS or item.shape is None:
        raise GraphError(f"{item.name} holds no numbers")
    if not item.id.get_create_plist().get_nfilters():
        found: NDArray[Any] = np.asarray(item[()])
        return found
    filled: NDArray[Any] = np.zeros(item.shape, item.dtype)
    size = math.prod(item.chunks) * item.dtype.itemsize

    def place(chunk: Any) -> None:
        # gzip writes what it cannot shorten with a few bytes more; no chunk is much longer
        if chunk.size > 2 * size + 1024:
            raise GraphError(f"{item.name}: a chunk of {size} bytes takes {chunk.size} in the file")
        skipped, stored = item.id.read_direct_chunk(chunk.chunk_offset)
        data = stored if skipped else zlib.decompressobj().decompress(stored, size + 1)
        if len(data) != size:
            raise GraphError(f"{item.name}: a chunk does not hold the {size} bytes that it claims")
        whole = np.frombuffer(data, item.dtype).reshape(item.chunks)
        spans = [
            slice(start, min(start + width, end))
            for start, width, end in zip(chunk.chunk_offset, item.chunks, item.shape, strict=True)
        ]
        filled[tuple(spans)] = whole[tuple(slice(0, each.stop - each.start) for each in spans)]

    if filled.size:
        item.id.chunk_iter(place)
    return filled


def texts(item: Any, *, at_most: int = MOST_TEXT) -> list[str]:
    """The strings of a data set of at most two axes, in order.

    Raises GraphError for numbers, for more than `at_most` bytes, and for what is not UTF-8.
    """
    if h5py.check_string_dtype(item.dtype) is None or item.shape is None or len(item.shape) > 2:
        raise GraphError(f"{item.name} holds no list of text")
    if item.shape == ():
        return _decoded([item[()]], item.name, at_most)
    wide = math.prod(item.shape[1:])
    if wide > _WIDEST:
        raise GraphError(f"{item.name} holds {wide} texts a row; at most {_WIDEST} are read")
    # any one string may be as long as the file
    rows = max(1, MOST_TEXT // (max(1, wide) * item.file.id.get_filesize()))
    found: list[str] = []
    for start in range(0, item.shape[0], rows):
        raw = item[start : start + rows].reshape(-1).tolist()
        found += _decoded(raw, item.name, at_most)
        at_most -= sum(map(len, raw))
    return found


def _decoded(raw: list[Any], name: str, at_most: int) -> list[str]:
    if sum(map(len, raw)) > at_most:
        raise GraphError(f"{name} holds more text than is read")
    try:
        return [each.decode() if isinstance(each, bytes) else str(each) for each in raw]
    except UnicodeDecodeError as error:
        raise GraphError(f"{name} is not in UTF-8: {error}") from error


def text(item: Any) -> str:
    """The one string of a data set."""
    if item.shape != ():
        raise GraphError(f"{item.name} holds {item.shape} texts where one belongs")
    return texts(item)[0]
