"""A layer's step as a local function: whoever builds a graph may call it with his own weights."""

import numpy as np
import onnx
import pytest
import torch
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

from converter import run_onnx, to_onnx
from converter.onnx_engines import ENGINES
from converter.onnx_graph import IR_VERSION
from converter.onnx_layers import DOMAIN, DOMAIN_VERSION, OPSET, rate_kind, spiking_kind
from converter.onnx_rules import OPERATORS
from tests.converter.onnx_nets import drawn_coded
from tests.converter.small_models import random_net, random_rate, random_rnn, random_x


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
def test_a_stranger_s_graph_calls_the_step(engine) -> None:
    net = random_net(readout=False)
    layer = net.stack[0]
    numbers = layer.numbers()
    kind = spiking_kind(8)
    feeds = {
        "x": np.float32(random_x(steps=1)[:, 0].numpy()),
        "cell": np.random.default_rng(0).normal(size=(4, 5)) * 8,
        "counts": np.float32(np.random.default_rng(1).integers(-8, 9, (4, 5))),
        "weight_ih": numbers.weight_ih.detach().numpy().T,
        "weight_hh": numbers.weight_hh.detach().numpy().T,
        "bias": numbers.bias.detach().numpy(),
        "forget": numbers.forget.detach().numpy(),
        "threshold": numbers.threshold.numpy(),
        "cell_threshold": numbers.cell_threshold.numpy(),
        "signs": numbers.signs.numpy(),
    }
    ports = [
        make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in feeds.items()
    ]
    node = make_node(kind.name, list(kind.inputs), list(kind.outputs), domain=DOMAIN)
    outputs = [onnx.ValueInfoProto(name=name) for name in kind.outputs]
    model = make_model(
        make_graph([node], "stranger", ports, outputs),
        functions=[kind.function()],
        opset_imports=[make_opsetid("", OPSET), make_opsetid(DOMAIN, DOMAIN_VERSION)],
        ir_version=IR_VERSION,
    )
    found = ENGINES[engine](model)(feeds)
    state = (torch.from_numpy(feeds["cell"]), torch.from_numpy(feeds["counts"]))
    with torch.no_grad():
        spikes, after = layer.step(
            torch.from_numpy(feeds["x"]), type(layer.initial_state(1))(*state)
        )
    assert np.array_equal(found["cell_next"], after.cell.numpy())
    assert np.array_equal(found["counts_next"], after.counts.numpy())
    for name, raster in spikes._asdict().items():
        assert np.array_equal(found[name], raster.numpy())


@pytest.mark.parametrize("streaming", [False, True])
def test_layers_of_a_kind_share_one_function_of_standard_operators(streaming) -> None:
    for model, name in (
        (random_net(layers=3), "SpikingSubLSTMStep"),
        (random_rate(forget="gated", layers=2), "SubLSTMStep_gated_sigmoid_sigmoid"),
        (random_rnn().double(), "SubLSTMStep_fixed_sigmoid_sigmoid_float64"),
        (drawn_coded("compound, native", 1)[0], "CodedStep_Compound_levels_8_message_delta_unit_"),
    ):
        made = to_onnx(model, streaming=streaming, functions=True)
        (function,) = made.functions
        assert function.name.startswith(name)
        assert {node.op_type for node in function.node} <= set(OPERATORS)
        assert {node.domain for node in function.node} == {""}
        calls = [*made.graph.node]
        calls += [n for node in calls for a in node.attribute if a.name == "body" for n in a.g.node]
        assert sum(node.domain == DOMAIN for node in calls) in (1, 2, 3)
        x = random_x().to(next(model.parameters()).dtype).numpy()
        x = x[:, 0] if streaming else x
        plain = to_onnx(model, streaming=streaming)
        assert np.array_equal(run_onnx(made, x).output, run_onnx(plain, x).output)


def test_equal_kinds_are_equal_functions() -> None:
    one, other = (rate_kind(random_rnn(seed)).function() for seed in (0, 1))
    assert one == other
    assert rate_kind(random_rnn(forget="gated")).name != one.name
