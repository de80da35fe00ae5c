"""Bricks of an ONNX graph compute what they say, in ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_opsetid, make_tensor_value_info

from converter.onnx_graph import IR_VERSION
from converter.onnx_layers import OPSET
from converter.onnx_parts import Parts, Port
from spiking.activation import ACTIVATIONS

X = np.linspace(-4, 4, 12, dtype=np.float32).reshape(3, 4)


def ran(build, *, outputs: int = 1) -> list[np.ndarray]:
    """Build a graph on x (3, 4) with `build(parts, "x") -> name(s)`, and run it."""
    parts = Parts()
    names = build(parts, "x")
    names = names if isinstance(names, list) else [names]
    graph = make_graph(
        parts.nodes,
        "test",
        [make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [onnx.ValueInfoProto(name=name) for name in names],
        parts.initializers,
    )
    model = make_model(graph, opset_imports=[make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": X})


@pytest.mark.parametrize("name", ["hard_sigmoid", "sigmoid", "tanh"])
def test_activations(name) -> None:
    (found,) = ran(lambda parts, x: parts.activation(x, name, TensorProto.FLOAT))
    wanted = ACTIVATIONS[name].function(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_affine() -> None:
    weight, bias = np.arange(8, dtype=np.float32).reshape(4, 2), np.array([0.5, -1], np.float32)
    (found,) = ran(lambda p, x: p.affine(x, p.constant(weight, "w"), p.constant(bias)))
    np.testing.assert_allclose(found, X @ weight + bias, rtol=1e-6)


def test_split_and_cast() -> None:
    found = ran(lambda parts, x: parts.split(x, 2, axis=1))
    assert np.array_equal(np.concatenate(found, 1), X)
    (found,) = ran(lambda parts, x: parts.cast(x, TensorProto.INT64))
    assert found.dtype == np.int64


def test_names_are_fresh_and_collected_nodes_stay_apart() -> None:
    parts, inner = Parts(), []
    one = parts.add("Neg", "x")
    with parts.collect(inner):
        two = parts.add("Neg", one)
    three = parts.add("Neg", one)
    assert len({one, two, three}) == 3
    assert [node.output[0] for node in inner] == [two]
    assert [node.output[0] for node in parts.nodes] == [one, three]


def test_a_port_declares_its_axes() -> None:
    made = Port("l0.c", TensorProto.DOUBLE, (5,)).value(["batch", "time"], "other")
    axes = [axis.dim_param or axis.dim_value for axis in made.type.tensor_type.shape.dim]
    assert (made.name, axes) == ("other", ["batch", "time", 5])
    assert Parts.element_type(torch.zeros(1, dtype=torch.float64)) == TensorProto.DOUBLE
