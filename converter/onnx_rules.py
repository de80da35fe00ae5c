"""What an ONNX file of a stranger may hold: the operators, types and sizes that we write.

Everything is refused by what it says, before any library looks at the graph: the checker and
shape inference follow subgraphs and functions wherever they lead, and a runtime allocates what an
operator claims.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto
from onnx.helper import make_graph, make_model, make_opsetid, make_tensor_value_info

from spiking.errors import GraphError, NotFiniteError

from .onnx_layers import DOMAIN, DOMAIN_VERSION, OPSET

# every operator that `to_onnx` writes, and its attributes
OPERATORS: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            *("Abs", "Add", "And", "Ceil", "Clip", "Div", "Floor", "Greater", "GreaterOrEqual"),
            *("Identity", "Less", "LessOrEqual", "MatMul", "Max", "Min", "Mul", "Neg", "Relu"),
            *("Reshape", "Round", "Sigmoid", "Sign", "Sub", "Tanh", "Unsqueeze", "Where"),
        ),
        frozenset[str](),
    ),
    "Cast": frozenset({"to"}),
    "Concat": frozenset({"axis"}),
    "Constant": frozenset({"value"}),
    "DequantizeLinear": frozenset({"axis"}),
    "Gather": frozenset({"axis"}),
    "ReduceSum": frozenset({"keepdims"}),
    "Scan": frozenset({"body", "num_scan_inputs"}),
    "Split": frozenset({"axis", "num_outputs"}),
    "Transpose": frozenset({"perm"}),
}
_INT, _INTS, _GRAPH, _TENSOR = (
    AttributeProto.INT,
    AttributeProto.INTS,
    AttributeProto.GRAPH,
    AttributeProto.TENSOR,
)
_KINDS = {"perm": _INTS, "body": _GRAPH, "value": _TENSOR}
_SIZES: dict[int, int] = {
    TensorProto.FLOAT: 4,
    TensorProto.DOUBLE: 8,
    TensorProto.INT64: 8,
    TensorProto.INT8: 1,
}
_DTYPES: dict[int, str] = {TensorProto.FLOAT: "<f4", TensorProto.DOUBLE: "<f8"}
_PORTS = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.UINT8}
_NAME = re.compile(r"[A-Za-z0-9_.]{1,200}")
_MOST_NODES = 10_000
_MOST_FUNCTIONS = 64
_MOST_ATTRIBUTE = 64
_MOST_AXES = 4
_MOST_AXIS = 2**20
_MOST_ELEMENTS = 2**28


def require_ours(model: onnx.ModelProto, *, where: str) -> None:
    """GraphError, naming what is foreign, unless `model` is built as `to_onnx` builds.

    Allowed: the operators and attributes of OPERATORS, one Scan whose body holds no other,
    functions of our domain that the file defines with standard operators, constants that hold as
    many bytes as they claim, no data outside the file. NotFiniteError for a constant with NaN or
    infinity.
    """
    if _outside(model):
        raise GraphError(f"{where}: keeps data in other files, which are not read")
    functions = _require_domains(model, where)
    _require_few_nodes(model, functions, where)
    outer, inner = list(model.graph.node), list(_body_nodes(model.graph))
    local = {(DOMAIN, name) for name in functions}
    standard = {("", name) for name in OPERATORS} - {("", "Constant")}
    foreign = _foreign(outer, standard | local)
    foreign |= _foreign(inner, (standard | local) - {("", "Scan")})
    for function in functions.values():
        foreign |= _foreign(function.node, {("", name) for name in OPERATORS} - {("", "Scan")})
    if foreign:
        raise GraphError(f"{where}: operators {sorted(foreign)} are none that to_onnx writes")
    bodies = [node for function in functions.values() for node in function.node]
    for node in (*outer, *inner, *bodies):
        _require_plain(node, where)
    _require_graph(model.graph, where)
    for node in bodies:
        for attribute in node.attribute:
            if attribute.name == "value":
                _require_tensor(attribute.t, where)


def require_sized(model: onnx.ModelProto, *, where: str) -> None:
    """GraphError where a value's known axes span more than 2^28 entries, or have no sizes.

    A broadcast of two constants can claim more than a machine holds. The model must have passed
    `require_ours` and the checker, its functions written in place.
    """
    axes = [t for t in model.graph.initializer if t.data_type == TensorProto.INT64]
    known = [
        make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        for tensor in model.graph.initializer
        if tensor.data_type != TensorProto.INT64
    ]
    outer = _inferred(model.graph, known, axes)
    # inference keeps nothing of the inside of a body, so each is a graph of its own here
    above = [*known, *outer.input, *outer.value_info]
    for graph in (outer, *(_inferred(body, above, axes) for body in _bodies(model.graph))):
        sized = set()
        for port in (*graph.value_info, *graph.output):
            sizes = [axis.dim_value for axis in port.type.tensor_type.shape.dim]
            if math.prod(size for size in sizes if size > 0) > _MOST_ELEMENTS:
                raise GraphError(f"{where}: {port.name} would have the shape {sizes}")
            if port.type.tensor_type.HasField("shape"):
                sized.add(port.name)
        unknown = {name for node in graph.node for name in node.output} - sized
        if unknown:
            raise GraphError(f"{where}: the size of {min(unknown)} cannot be told")


def _inferred(
    graph: onnx.GraphProto, known: list[onnx.ValueInfoProto], axes: list[onnx.TensorProto]
) -> onnx.GraphProto:
    """`graph` with the shape of every value; constants only by their shapes, but for axes."""
    taken = {port.name for port in graph.input}
    taken |= {name for node in graph.node for name in node.output}
    inputs = {port.name: port for port in known if port.name not in taken}
    alone = make_graph(
        graph.node, "alone", [*graph.input, *inputs.values()], graph.output, list(axes)
    )
    model = make_model(alone, opset_imports=[make_opsetid("", OPSET)])
    inferred: onnx.GraphProto = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    return inferred


def _require_domains(model: onnx.ModelProto, where: str) -> dict[str, onnx.FunctionProto]:
    """The functions of the file by name, once they and the domains are known to be ours."""
    strange = {entry.domain for entry in model.opset_import} - {"", DOMAIN}
    strange |= {function.domain for function in model.functions} - {DOMAIN}
    if strange:
        raise GraphError(
            f"{where}: asks for operators of {sorted(strange)}; only standard ones run, and "
            f"functions of {DOMAIN!r} that the file defines"
        )
    versions = sorted((entry.domain, entry.version) for entry in model.opset_import)
    if versions not in ([("", OPSET)], [("", OPSET), (DOMAIN, DOMAIN_VERSION)]):
        raise GraphError(f"{where}: opsets {versions}; expected {OPSET} of the standard operators")
    functions = {function.name: function for function in model.functions}
    if len(functions) != len(model.functions) or len(functions) > _MOST_FUNCTIONS:
        raise GraphError(f"{where}: {len(model.functions)} functions, some with the same name")
    for name, function in functions.items():
        imports = [(entry.domain, entry.version) for entry in function.opset_import]
        generic = function.attribute or function.attribute_proto or function.overload
        names = [name, *function.input, *function.output]
        if imports != [("", OPSET)] or generic or not all(map(_NAME.fullmatch, names)):
            raise GraphError(f"{where}: function {name!r} is not written as ours are")
    return functions


def _require_few_nodes(
    model: onnx.ModelProto, functions: dict[str, onnx.FunctionProto], where: str
) -> None:
    """A call counts as the nodes of its function, which it becomes."""
    count = 0
    for node in (*model.graph.node, *_body_nodes(model.graph)):
        called = functions.get(node.op_type) if node.domain == DOMAIN else None
        count += 1 if called is None else 1 + len(called.node)
    count += sum(len(function.node) for function in functions.values())
    scans = sum(node.op_type == "Scan" for node in model.graph.node)
    if count > _MOST_NODES or scans > 1:
        raise GraphError(f"{where}: {count} nodes and {scans} loops; at most {_MOST_NODES} and one")


def _bodies(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Scan" and attribute.name == "body":
                yield attribute.g


def _body_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for body in _bodies(graph):
        yield from body.node


def _foreign(nodes: Iterable[onnx.NodeProto], allowed: set[tuple[str, str]]) -> set[str]:
    standard = {"ai.onnx": ""}
    return {
        f"{node.domain}.{node.op_type}".lstrip(".")[:80]
        for node in nodes
        if (standard.get(node.domain, node.domain), node.op_type) not in allowed or node.overload
    }


def _require_plain(node: onnx.NodeProto, where: str) -> None:
    """Names are words, attributes those of the operator and small."""
    bad = [name for name in (*node.input, *node.output) if not _NAME.fullmatch(name)]
    if bad or len(node.output) > _MOST_ATTRIBUTE * 64:
        raise GraphError(f"{where}: a {node.op_type} has a value named {bad[:1]}")
    known = OPERATORS[node.op_type] if node.domain != DOMAIN else frozenset()
    names = [attribute.name for attribute in node.attribute]
    if not known.issuperset(names) or len(set(names)) != len(names):
        raise GraphError(f"{where}: a {node.op_type} has the attributes {names}")
    for attribute in node.attribute:
        kind = _KINDS.get(attribute.name, _INT)
        values = [attribute.i, *attribute.ints]
        wild = any(abs(value) > _MOST_ATTRIBUTE for value in values) or len(values) > _MOST_AXES + 2
        if attribute.type != kind or attribute.ref_attr_name or wild:
            raise GraphError(f"{where}: {node.op_type}.{attribute.name} is not as we write it")
        if attribute.name == "num_outputs" and attribute.i != len(node.output):
            raise GraphError(f"{where}: a Split into {attribute.i} has {len(node.output)} outputs")


def _require_graph(graph: onnx.GraphProto, where: str) -> None:
    for body in _bodies(graph):
        if body.initializer or body.sparse_initializer or body.quantization_annotation:
            raise GraphError(f"{where}: the body of the loop holds constants of its own")
        _require_ports((*body.input, *body.output, *body.value_info), where)
    if graph.sparse_initializer or graph.quantization_annotation:
        raise GraphError(f"{where}: holds sparse constants, which to_onnx never writes")
    _require_ports((*graph.input, *graph.output, *graph.value_info), where)
    names = [tensor.name for tensor in graph.initializer]
    if len(set(names)) != len(names) or set(names) & {port.name for port in graph.input}:
        raise GraphError(f"{where}: two constants or inputs have the same name")
    for tensor in graph.initializer:
        _require_tensor(tensor, where)


def _require_ports(ports: Iterable[onnx.ValueInfoProto], where: str) -> None:
    for port in ports:
        axes = [axis.dim_value for axis in port.type.tensor_type.shape.dim]
        if (
            not _NAME.fullmatch(port.name)
            or port.type.WhichOneof("value") != "tensor_type"
            or port.type.tensor_type.elem_type not in _PORTS
            or not 1 <= len(axes) <= _MOST_AXES
            or not all(0 <= axis <= _MOST_AXIS for axis in axes)
        ):
            raise GraphError(f"{where}: {port.name[:80]!r} has a type or shape that we never write")


def _require_tensor(tensor: onnx.TensorProto, where: str) -> None:
    """Dense numbers as raw bytes, exactly as many as the axes claim, all finite."""
    name = tensor.name[:80]
    if tensor.name and not _NAME.fullmatch(tensor.name):
        raise GraphError(f"{where}: a constant is named {name!r}")
    if tensor.data_type not in _SIZES:
        kind = tensor.data_type
        raise GraphError(f"{where}: constant {name} has the element type {kind}, none of ours")
    typed = any(
        len(getattr(tensor, field))
        for field in ("float_data", "double_data", "int32_data", "int64_data", "uint64_data")
    )
    if typed or tensor.string_data or tensor.HasField("segment"):
        raise GraphError(f"{where}: constant {name} is not stored as raw bytes")
    axes = list(tensor.dims)
    if len(axes) > _MOST_AXES or any(axis <= 0 for axis in axes):
        raise GraphError(f"{where}: constant {name} has the shape {axes[:8]}")
    if math.prod(axes) * _SIZES[tensor.data_type] != len(tensor.raw_data):
        raise GraphError(
            f"{where}: constant {name} claims {axes}, and holds {len(tensor.raw_data)} bytes"
        )
    if tensor.data_type in _DTYPES:
        values = np.frombuffer(tensor.raw_data, _DTYPES[tensor.data_type])
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise NotFiniteError(f"{where}: {bad} numbers of constant {name} are NaN or infinite")


def _outside(message: Any) -> bool:
    """Whether any tensor within a protobuf message, at any depth, names another file."""
    if isinstance(message, onnx.TensorProto):
        return bool(message.data_location == TensorProto.EXTERNAL or message.external_data)
    inner = [
        item
        for field, value in message.ListFields()
        if field.message_type is not None
        for item in ([value] if hasattr(value, "ListFields") else value)
    ]
    return any(map(_outside, inner))
