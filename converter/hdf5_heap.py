"""Global heaps of an HDF5 file, where its texts lie, walked before the library walks them.

libhdf5 2.0 steps from object to object by the size that each claims, and stands still for ever on
a free one that claims none. A read that does not return cannot be stopped from Python.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from spiking.errors import GraphError

_SIGNATURE = b"GCOL"
_HEADER = struct.Struct("<4sB3xQ")  # signature, version, bytes of the whole collection
_OBJECT = struct.Struct("<HH4xQ")  # index (0: free space to the end), references, bytes
_MOST_OBJECTS = 1_000_000


def require_whole_heaps(path: Path) -> None:
    """GraphError where a heap of the file has an object that ends nowhere, or beyond the heap.

    Whatever has a heap's signature is taken for one: so has the library, where a text points to it.
    (HDF5 File Format Specification 3.0, III.E.)
    """
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        walked, start = 0, data.find(_SIGNATURE)
        while start >= 0:
            walked += _walked(data, start)
            if walked > _MOST_OBJECTS:
                raise GraphError(f"more than {_MOST_OBJECTS} texts in its heaps")
            start = data.find(_SIGNATURE, start + 1)


def _walked(data: mmap.mmap, start: int) -> int:
    """Objects of the heap at `start`, every one of which ends within it."""
    if start + _HEADER.size > len(data):
        return 0
    _, _, size = _HEADER.unpack_from(data, start)
    end, place, count = start + size, start + _HEADER.size, 0
    while place + _OBJECT.size <= min(end, len(data)) and count <= _MOST_OBJECTS:
        index, _, held = _OBJECT.unpack_from(data, place)
        step = held if index == 0 else _OBJECT.size + -(-held // 8) * 8
        if step < _OBJECT.size or place + step > end:
            raise GraphError(f"the heap of texts at byte {start} is damaged")
        place, count = place + step, count + 1
    return count
