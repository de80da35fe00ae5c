"""Broken and hostile variants of an ONNX file: bytes flipped, cut, spliced, fields rewritten."""

from __future__ import annotations

import numpy as np
import onnx

HOSTILE = ("Loop", "ConstantOfShape", "Expand", "Tile", "If", "Scan", "MatMul", "Split")


def mutated(rng: np.random.Generator, data: bytes) -> bytes:
    """`data` with one to three faults of a random kind; the same faults for the same `rng`."""
    kinds = (flipped, cut, spliced, repeated, overwritten, refielded, refielded, refielded)
    for _ in range(int(rng.integers(1, 4))):
        data = kinds[int(rng.integers(len(kinds)))](rng, data)
    return data


def _place(rng: np.random.Generator, data: bytes) -> int:
    return int(rng.integers(len(data) + 1))


def flipped(rng: np.random.Generator, data: bytes) -> bytes:
    """A few bits turned."""
    found = bytearray(data)
    for _ in range(int(rng.integers(1, 9)) if found else 0):
        found[int(rng.integers(len(found)))] ^= 1 << int(rng.integers(8))
    return bytes(found)


def cut(rng: np.random.Generator, data: bytes) -> bytes:
    """The end lost."""
    return data[: _place(rng, data)]


def spliced(rng: np.random.Generator, data: bytes) -> bytes:
    """A piece removed."""
    first, last = sorted((_place(rng, data), _place(rng, data)))
    return data[:first] + data[min(last, first + 64) :]


def repeated(rng: np.random.Generator, data: bytes) -> bytes:
    """A piece written again elsewhere."""
    start, place = _place(rng, data), _place(rng, data)
    return data[:place] + data[start : start + int(rng.integers(1, 256))] + data[place:]


def overwritten(rng: np.random.Generator, data: bytes) -> bytes:
    """A byte that claims a lot: 0xFF runs make the largest lengths."""
    place = _place(rng, data)
    return data[:place] + b"\xff" * int(rng.integers(1, 10)) + data[place + 1 :]


def refielded(rng: np.random.Generator, data: bytes) -> bytes:
    """One field of the parsed model rewritten; unreadable bytes stay as they are."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
        _rewrite(rng, model)
        return model.SerializeToString()
    except Exception:  # noqa: BLE001 - protobuf refuses some of our own faults
        return data


def _rewrite(rng: np.random.Generator, model: onnx.ModelProto) -> None:
    graph = model.graph
    nodes = [*graph.node]
    nodes += [n for node in nodes for a in node.attribute if a.name == "body" for n in a.g.node]
    nodes += [n for function in model.functions for n in function.node]
    node = nodes[int(rng.integers(len(nodes)))]
    other = nodes[int(rng.integers(len(nodes)))]
    tensor = graph.initializer[int(rng.integers(len(graph.initializer)))]
    ports = [*graph.input, *graph.output]
    port = ports[int(rng.integers(len(ports)))]
    large = int(rng.choice([-(2**62), -1, 0, 1, 3, 7, 2**20, 10**12, 2**62]))
    choices = [
        lambda: node.__setattr__("op_type", str(rng.choice(HOSTILE))),
        lambda: node.__setattr__("op_type", other.op_type),
        lambda: node.__setattr__("domain", str(rng.choice(["", "subspike", "com.vendor"]))),
        lambda: node.input.__setitem__(0, other.output[0]),
        lambda: node.output.__setitem__(0, other.output[0]),
        lambda: node.input.append(other.output[0]),
        node.input.pop,
        lambda: node.CopyFrom(other),
        lambda: node.input.__setitem__(-1, tensor.name),
        lambda: [a.__setattr__("i", large) for a in node.attribute],
        lambda: [a.ints.append(large) for a in node.attribute],
        lambda: tensor.dims.__setitem__(0, large),
        lambda: tensor.dims.append(large),
        lambda: tensor.__setattr__("data_type", int(rng.integers(0, 25))),
        lambda: tensor.__setattr__("raw_data", tensor.raw_data[:-1]),
        lambda: tensor.__setattr__("raw_data", b"\xff" * len(tensor.raw_data)),
        lambda: tensor.__setattr__("raw_data", rng.bytes(len(tensor.raw_data))),
        lambda: tensor.__setattr__("name", "../../etc/passwd"),
        lambda: tensor.dims.__setitem__(slice(None), list(reversed(tensor.dims))),
        lambda: port.type.tensor_type.shape.dim[-1].__setattr__("dim_value", large),
        lambda: port.type.tensor_type.__setattr__("elem_type", int(rng.integers(0, 25))),
        lambda: port.type.tensor_type.ClearField("shape"),
        lambda: port.__setattr__("name", node.output[0]),
        graph.node.reverse,
        graph.node.pop,
        lambda: graph.node.append(node),
        graph.initializer.pop,
        graph.output.pop,
        graph.input.reverse,
        lambda: model.opset_import[0].__setattr__("version", large),
        lambda: model.__setattr__("ir_version", large),
        lambda: model.functions.append(onnx.FunctionProto(name="f", domain="subspike")),
        lambda: [f.node.append(node) for f in model.functions],
    ]
    choices[int(rng.integers(len(choices)))]()
