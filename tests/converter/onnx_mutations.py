"""Broken and hostile variants of an ONNX file: faults of bytes, and fields rewritten."""

from __future__ import annotations

import numpy as np
import onnx

from tests.converter.byte_mutations import mutated as spoiled

HOSTILE = ("Loop", "ConstantOfShape", "Expand", "Tile", "If", "Scan", "MatMul", "Split", "Reshape")
NAMES = ("../../etc/passwd", "", "a" * 10_000, "x", "l0.cell.next", "nul\0")


def mutated(rng: np.random.Generator, data: bytes) -> bytes:
    """`data` with one to three faults, about half of them of the structure."""
    return spoiled(rng, data, refielded)


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
    name = str(rng.choice(NAMES))
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
        lambda: tensor.__setattr__("name", name),
        lambda: tensor.float_data.append(1.0),
        lambda: tensor.string_data.append(b"x" * 1000),
        lambda: tensor.external_data.add(key="location", value=name),
        lambda: tensor.__setattr__("data_location", onnx.TensorProto.EXTERNAL),
        lambda: graph.sparse_initializer.add().values.CopyFrom(tensor),
        lambda: graph.initializer.add().CopyFrom(tensor),
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
        lambda: [f.node.append(_call(f.name)) for f in model.functions],
        lambda: graph.node.append(_call(node.op_type)),
        lambda: graph.node.extend([node] * int(rng.choice([10, 1000, 20_000]))),
        lambda: graph.initializer.extend([tensor] * 1000),
        lambda: _nested(graph, node, depth=int(rng.choice([1, 2, 30, 90]))),
        lambda: node.attribute.add(name="axis", type=onnx.AttributeProto.INT, i=large),
        lambda: node.attribute.add(name=name, type=onnx.AttributeProto.STRING, s=b"x" * 1000),
        lambda: [a.__setattr__("ref_attr_name", "axis") for a in node.attribute],
        lambda: [a.__setattr__("type", int(rng.integers(0, 15))) for a in node.attribute],
        lambda: [a.t.dims.append(large) for a in node.attribute],
        lambda: node.__setattr__("name", name),
        lambda: node.__setattr__("overload", name),
        lambda: model.__setattr__("doc_string", "x" * int(rng.choice([10, 10**7]))),
        lambda: model.metadata_props.add(key=name, value="x"),
        lambda: model.metadata_props[0].__setattr__("value", '{"schema": 2, "dt": 1e999}'),
        lambda: model.metadata_props[0].__setattr__("value", "[" * 100_000),
        lambda: model.training_info.add().algorithm.CopyFrom(graph),
        lambda: model.opset_import.add(domain=name, version=1),
    ]
    choices[int(rng.integers(len(choices)))]()


def _call(name: str) -> onnx.NodeProto:
    return onnx.NodeProto(op_type=name, domain="subspike", input=["x"], output=["called"])


def _nested(graph: onnx.GraphProto, node: onnx.NodeProto, *, depth: int) -> None:
    """A loop in a loop in a loop."""
    inner = onnx.GraphProto(name="deep", node=[node])
    for _ in range(depth):
        scan = onnx.NodeProto(op_type="Scan", output=["deep"])
        scan.attribute.add(name="body", type=onnx.AttributeProto.GRAPH).g.CopyFrom(inner)
        inner = onnx.GraphProto(name="deep", node=[scan])
    graph.node.extend(inner.node)
