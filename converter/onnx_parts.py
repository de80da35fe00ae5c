"""Bricks of an ONNX graph: named intermediate values, constants, and the few operators we use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from onnx.helper import make_node, make_tensor_value_info

from spiking.errors import ExportError

_OPERATORS = {"sigmoid": "Sigmoid", "tanh": "Tanh"}
_KINDS = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}


@dataclass(frozen=True)
class Port:
    """An input or output: its name, element type, and its shape after batch and time."""

    name: str
    kind: int
    shape: tuple[int, ...]

    def value(self, axes: list[str | None], name: str | None = None) -> onnx.ValueInfoProto:
        """The port as ONNX declares it, with the given dynamic axes in front; None has no name."""
        return make_tensor_value_info(name or self.name, self.kind, [*axes, *self.shape])


class Parts:
    """A graph under construction: every value gets a fresh name, constants become initializers."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._count = 0
        self._into = self.nodes

    @contextlib.contextmanager
    def collect(self, nodes: list[onnx.NodeProto]) -> Iterator[None]:
        """Put the nodes that are added meanwhile into `nodes` instead of the outer graph."""
        before, self._into = self._into, nodes
        try:
            yield
        finally:
            self._into = before

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"{kind.lower()}_{self._count}"

    def constant(self, value: NDArray[Any] | np.generic, name: str | None = None) -> str:
        """A constant tensor, visible inside a Scan body as well; equal ones may share a name."""
        value = np.array(value)
        key = (value.dtype.str, value.shape, value.tobytes())
        if name is None and key in self._known:
            return self._known[key]
        name = name or self._fresh("constant")
        self._known.setdefault(key, name)
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def axes(self, *axes: int) -> str:
        """A constant that names axes."""
        return self.constant(np.array(axes, dtype=np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """One node with one output, whose name is returned."""
        name = self._fresh(operator)
        self._into.append(make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def call(self, domain: str, function: str, inputs: list[str], count: int) -> list[str]:
        """One node of a local function with `count` outputs, whose names are returned."""
        names = [self._fresh(function) for _ in range(count)]
        self._into.append(make_node(function, inputs, names, name=names[0], domain=domain))
        return names

    def split(self, value: str, count: int, *, axis: int) -> list[str]:
        """`count` equal parts along `axis`."""
        names = [self._fresh("split") for _ in range(count)]
        node = make_node("Split", [value], names, axis=axis, num_outputs=count, name=names[0])
        self._into.append(node)
        return names

    def wide(self, value: str) -> str:
        """(batch, rows) -> (batch, rows, 1)."""
        return self.add("Unsqueeze", value, self.axes(-1))

    def cast(self, value: str, kind: int) -> str:
        """`value` with another element type."""
        return self.add("Cast", value, to=kind)

    def affine(self, value: str, weight: str, bias: str) -> str:
        """The sum value weight + bias; weight (input, output), as MatMul takes it."""
        return self.add("Add", self.add("MatMul", value, weight), bias)

    def activation(self, value: str, name: str, kind: int) -> str:
        """One of spiking.activation.ACTIVATIONS, by name.

        Raises ExportError for one that has no operator.
        """
        if name in _OPERATORS:
            return self.add(_OPERATORS[name], value)
        if name != "hard_sigmoid":
            raise ExportError(
                f"activation {name!r} is not written to ONNX; {sorted(_OPERATORS)} and "
                "'hard_sigmoid' are"
            )
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
        quarter, half, zero, one = (
            self.constant(np.array(number, dtype=dtype)) for number in (0.25, 0.5, 0.0, 1.0)
        )
        line = self.add("Add", self.add("Mul", value, quarter), half)
        return self.add("Clip", line, zero, one)

    @staticmethod
    def element_type(tensor: Any) -> int:
        """ONNX's number for a torch tensor's dtype."""
        return _KINDS[str(tensor.dtype).removeprefix("torch.")]


def fired(parts: Parts, value: str, threshold: str, signs: str, kind: int) -> str:
    """sign_k (value - t_k) > 0 as 0 or 1.  # (batch, rows) -> (batch, rows, levels) float."""
    distance = parts.add("Sub", parts.wide(value), threshold)
    signs = signs if kind == TensorProto.FLOAT else parts.cast(signs, kind)
    zero = parts.constant(np.zeros((), onnx.helper.tensor_dtype_to_np_dtype(kind)))
    above = parts.add("Greater", parts.add("Mul", distance, signs), zero)
    return parts.cast(above, TensorProto.FLOAT)


def counted(parts: Parts, spikes: str, signs: str) -> str:
    """Signed spike count.  # (batch, rows, levels) -> (batch, rows)."""
    signed = parts.add("Mul", spikes, signs)
    return parts.add("ReduceSum", signed, parts.axes(-1), keepdims=0)
