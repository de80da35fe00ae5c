"""What the bytes of an ONNX file claim, read before a parser allocates anything.

A parser needs about a hundred bytes for a message that takes two in the file. So everything but
the raw bytes of constants is bounded, and these are found by walking over lengths.
"""

from __future__ import annotations

from collections.abc import Iterator

from spiking.errors import GraphError

MOST_STRUCTURE = 4 * 2**20
MOST_RECORDS = 100_000
# field numbers of onnx.proto: ModelProto.graph, GraphProto.initializer, TensorProto.raw_data
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def require_modest(data: bytes, *, where: str) -> None:
    """GraphError where `data` is no protobuf, or holds more structure than a network has.

    The structure is every byte but the constants' raw data: at most 4 MiB, and 100,000 fields of
    model, graph and constants.
    """
    raw, records = 0, 0
    path: tuple[int, ...] = (_GRAPH, _INITIALIZER, _RAW_DATA)
    places = [(0, len(data), path)]
    while places:
        start, end, path = places.pop()
        for number, first, last in _fields(data, start, end, where):
            records += 1
            if records > MOST_RECORDS:
                raise GraphError(f"{where}: more than {MOST_RECORDS} fields")
            if number != path[0]:
                continue
            if len(path) == 1:
                raw += last - first
            else:
                places.append((first, last, path[1:]))
    if len(data) - raw > MOST_STRUCTURE:
        raise GraphError(
            f"{where}: {len(data) - raw} bytes beside the constants, at most {MOST_STRUCTURE}"
        )


def _fields(data: bytes, start: int, end: int, where: str) -> Iterator[tuple[int, int, int]]:
    """Number, first and last byte of each field of one message that has a length; others pass."""
    place = start
    while place < end:
        key, place = _varint(data, place, end, where)
        kind = key & 7
        first = place
        if kind == _VARINT:
            _, place = _varint(data, place, end, where)
        elif kind == _LENGTH:
            size, first = _varint(data, place, end, where)
            place = first + size
        elif kind in (_FIXED64, _FIXED32):
            place += 8 if kind == _FIXED64 else 4
        else:
            raise GraphError(f"{where}: not an ONNX file (field of kind {kind})")
        if place > end:
            raise GraphError(f"{where}: not an ONNX file, or cut off")
        yield (key >> 3 if kind == _LENGTH else -1), first, place


def _varint(data: bytes, place: int, end: int, where: str) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            break
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise GraphError(f"{where}: not an ONNX file, or cut off")
