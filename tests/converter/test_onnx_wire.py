"""What bytes claim is bounded before a parser sees them."""

import struct
import time

import pytest

from converter import to_onnx
from converter.onnx_wire import MOST_RECORDS, MOST_STRUCTURE, require_modest
from spiking.errors import GraphError
from tests.converter.small_models import random_net

GRAPH, NODE, INITIALIZER, RAW = 7, 1, 5, 9


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def test_our_own_files_pass() -> None:
    for words in ({}, {"streaming": True}, {"functions": True}):
        require_modest(to_onnx(random_net(layers=3), **words).SerializeToString(), where="x")


def test_constants_may_be_large_and_nothing_else() -> None:
    raw = field(RAW, bytes(4 * MOST_STRUCTURE))
    require_modest(field(GRAPH, field(INITIALIZER, raw)), where="x")
    for elsewhere in (
        field(GRAPH, raw),
        raw,
        field(GRAPH, field(NODE, raw)),
        field(GRAPH, field(INITIALIZER, field(RAW - 1, bytes(4 * MOST_STRUCTURE)))),
    ):
        with pytest.raises(GraphError, match=f"beside the constants, at most {MOST_STRUCTURE}"):
            require_modest(elsewhere, where="x")


def test_many_messages_of_two_bytes_each_are_refused_at_once() -> None:
    started = time.perf_counter()
    for flood in (field(NODE, b""), field(INITIALIZER, b"")):
        with pytest.raises(GraphError, match=f"more than {MOST_RECORDS} fields"):
            require_modest(field(GRAPH, flood * MOST_RECORDS), where="x")
    assert time.perf_counter() - started < 10.0


@pytest.mark.parametrize(
    "data",
    [
        b"\x80",
        b"\x80" * 20,
        varint(GRAPH << 3 | 2) + varint(5) + b"1234",
        varint(GRAPH << 3 | 2) + varint(2**62),
        varint(1 << 3 | 1) + b"1234",
        varint(1 << 3 | 5) + b"123",
        varint(1 << 3 | 3),
        varint(1 << 3 | 7),
    ],
)
def test_bytes_that_are_no_protobuf(data) -> None:
    with pytest.raises(GraphError, match="not an ONNX file"):
        require_modest(data, where="x")


def test_numbers_of_every_kind_are_passed_over() -> None:
    numbers = varint(1 << 3) + varint(2**60) + varint(2 << 3 | 1) + struct.pack("<d", 1.0)
    numbers += varint(3 << 3 | 5) + struct.pack("<f", 1.0)
    require_modest(numbers + field(GRAPH, numbers), where="x")
