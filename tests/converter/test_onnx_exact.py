"""Activations of double precision have torch's bits in ONNX Runtime, whatever it rewrites."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_opsetid, make_tensor_value_info
from onnx.reference import ReferenceEvaluator

from converter.onnx_exact import exactly
from converter.onnx_graph import IR_VERSION
from converter.onnx_layers import OPSET
from converter.onnx_parts import Parts
from spiking.activation import ACTIVATIONS
from spiking.errors import ExportError


@pytest.mark.parametrize("name", ["hard_sigmoid", "plan", "sigmoid"])
def test_bit_for_bit_also_within_a_product_and_a_sum(name) -> None:
    """act(x) x + x: a runtime that fuses any two of these rounds once less."""
    parts = Parts()
    value = exactly(parts, "x", name)
    parts.add("Add", parts.add("Mul", value, "x"), "x")
    port = make_tensor_value_info("x", TensorProto.DOUBLE, [None])
    last = onnx.ValueInfoProto(name=parts.nodes[-1].output[0])
    graph = make_graph(parts.nodes, "test", [port], [last], parts.initializers)
    model = make_model(graph, opset_imports=[make_opsetid("", OPSET)], ir_version=IR_VERSION)
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=20_000) * 6, rng.normal(size=2000) * 500, [0.0, -0.0]])
    wanted = ACTIVATIONS[name].function(torch.from_numpy(x)).numpy() * x + x
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    assert np.array_equal(session.run(None, {"x": x})[0], wanted)
    assert np.array_equal(ReferenceEvaluator(model).run(None, {"x": x})[0], wanted)


def test_an_activation_of_a_library_is_refused() -> None:
    with pytest.raises(ExportError, match="'tanh' has other last bits in every runtime"):
        exactly(Parts(), "x", "tanh")
