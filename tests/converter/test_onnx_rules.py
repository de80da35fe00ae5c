"""An ONNX file of a stranger is ours in every part, or a named error says which part is not."""

import contextlib
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto

from converter import load_onnx, run_onnx, to_onnx
from converter.onnx_rules import OPERATORS
from spiking import SubLSTMClassifier
from spiking.errors import GraphError, NotFiniteError, SubspikeError
from tests.converter.onnx_mutations import mutated
from tests.converter.onnx_nets import CODED, drawn_coded
from tests.converter.small_models import random_net, random_rate, random_rnn, random_x

RATE = random_rate(forget="gated", activation="hard_sigmoid")
MODELS = {
    "plain": to_onnx(random_net()),
    "functions": to_onnx(random_net(layers=2), functions=True),
    "int8": to_onnx(random_net(weight_bits=5), weights="int8", streaming=True),
    "rate": to_onnx(
        SubLSTMClassifier(RATE.rnn, RATE.readout, readout_activation="relu"), functions=True
    ),
    "double": to_onnx(random_rnn(cell_activation="tanh").double(), streaming=True),
    "coded": to_onnx(drawn_coded("compound, digits, native", 1)[0], functions=True),
}


def loaded(model: onnx.ModelProto, folder: Path) -> onnx.ModelProto:
    path = folder / "x.onnx"
    path.write_bytes(model.SerializeToString())
    return load_onnx(path)


def copied(name: str = "plain") -> onnx.ModelProto:
    model = onnx.ModelProto()
    model.CopyFrom(MODELS[name])
    return model


def test_all_that_we_write_is_read_and_nothing_is_allowed_beyond_it(tmp_path) -> None:
    used = set()
    for model in (*MODELS.values(), *(to_onnx(drawn_coded(name, 1)[0]) for name in CODED)):
        assert loaded(model, tmp_path) == model
        nodes = [*model.graph.node, *(n for f in model.functions for n in f.node)]
        nodes += [n for node in nodes for a in node.attribute if a.name == "body" for n in a.g.node]
        used |= {node.op_type for node in nodes if not node.domain}
    assert used == set(OPERATORS)


def node(model, kind):
    """A node of this kind in the graph or in the body of its loop."""
    nodes = [*model.graph.node]
    nodes += [n for each in nodes for a in each.attribute if a.name == "body" for n in a.g.node]
    return next(each for each in nodes if each.op_type == kind)


def deeper(model) -> None:
    """A loop within the loop."""
    scan = node(model, "Scan")
    body = next(a.g for a in scan.attribute if a.name == "body")
    body.node.append(scan)


def constant(model, kind):
    return next(each for each in model.graph.initializer if each.data_type == kind)


FAULTS = {
    "operators \\['Loop'\\]": lambda m: setattr(node(m, "MatMul"), "op_type", "Loop"),
    r"operators \['com\.vendor\.MatMul'\]": lambda m: setattr(
        node(m, "MatMul"), "domain", "com.vendor"
    ),
    r"operators \['subspike\.MatMul'\]": lambda m: setattr(node(m, "MatMul"), "domain", "subspike"),
    r"operators \['Scan'\]": deeper,
    r"operators \['Constant'\]": lambda m: setattr(node(m, "MatMul"), "op_type", "Constant"),
    r"asks for operators of \['com\.vendor'\]": lambda m: m.opset_import.add(
        domain="com.vendor", version=1
    ),
    "opsets": lambda m: setattr(m.opset_import[0], "version", 21),
    "data in other files": lambda m: m.graph.initializer[0].external_data.add(
        key="location", value="/etc/passwd"
    ),
    "a MatMul has a value named": lambda m: node(m, "MatMul").output.append("../x"),
    r"a MatMul has the attributes \['axis'\]": lambda m: node(m, "MatMul").attribute.add(
        name="axis", type=AttributeProto.INT, i=1
    ),
    r"Cast\.to is not as we write it": lambda m: setattr(node(m, "Cast").attribute[0], "i", 10**9),
    "a Split into 4 has 3 outputs": lambda m: setattr(
        next(a for a in node(m, "Split").attribute if a.name == "num_outputs"), "i", 4
    ),
    r"\d{5} nodes and 1 loops": lambda m: m.graph.node.extend([node(m, "Transpose")] * 20_000),
    r"\d+ nodes and 2 loops": lambda m: m.graph.node.append(node(m, "Scan")),
    "sparse constants": lambda m: m.graph.sparse_initializer.add(),
    "two constants or inputs have the same name": lambda m: m.graph.initializer.append(
        m.graph.initializer[0]
    ),
    "has a type or shape that we never write": lambda m: setattr(
        m.graph.input[0].type.tensor_type, "elem_type", TensorProto.STRING
    ),
    "a constant is named": lambda m: setattr(m.graph.initializer[0], "name", "../x"),
    "has the element type 8": lambda m: setattr(
        m.graph.initializer[0], "data_type", TensorProto.STRING
    ),
    "is not stored as raw bytes": lambda m: m.graph.initializer[0].float_data.append(1.0),
    "has the shape": lambda m: m.graph.initializer[0].dims.insert(0, -1),
    r"claims \[1099511627776": lambda m: m.graph.initializer[0].dims.insert(0, 2**40),
    "not a valid ONNX model": lambda m: m.graph.node.pop(),
}


@pytest.mark.parametrize("message", FAULTS)
def test_a_planted_fault_is_named(message, tmp_path) -> None:
    model = copied()
    FAULTS[message](model)
    with pytest.raises(GraphError, match=message):
        loaded(model, tmp_path)


def test_numbers_that_are_none_are_named(tmp_path) -> None:
    model = copied()
    tensor = constant(model, TensorProto.DOUBLE)
    tensor.raw_data = np.full(tensor.dims, np.nan).tobytes()
    with pytest.raises(NotFiniteError, match=r"5 numbers of constant l0\.forget are NaN"):
        loaded(model, tmp_path)


def test_a_function_that_calls_itself_or_is_written_otherwise(tmp_path) -> None:
    call = onnx.NodeProto(op_type="SpikingSubLSTMStep", domain="subspike", output=["x"])
    for change, message in (
        (lambda f: f.node.append(call), r"operators \['subspike\.SpikingSubLSTMStep'\]"),
        (lambda f: f.attribute.append("axis"), "is not written as ours are"),
        (lambda f: f.opset_import[0].__setattr__("version", 1), "is not written as ours are"),
        (lambda f: setattr(f, "domain", "com.vendor"), r"asks for operators of \['com\.vendor'\]"),
        (lambda f: setattr(f, "name", "../x"), "is not written as ours are"),
    ):
        model = copied("functions")
        change(model.functions[0])
        with pytest.raises(GraphError, match=message):
            loaded(model, tmp_path)


def test_a_broadcast_that_claims_the_memory_is_refused(tmp_path) -> None:
    model = copied()
    first = model.graph.initializer.add(name="tall", data_type=TensorProto.FLOAT)
    first.dims[:], first.raw_data = [2**16, 1], bytes(4 * 2**16)
    second = model.graph.initializer.add(name="wide", data_type=TensorProto.FLOAT)
    second.dims[:], second.raw_data = [1, 2**16], bytes(4 * 2**16)
    model.graph.node.add(op_type="Add", input=["tall", "wide"], output=["vast"])
    with pytest.raises(GraphError, match=r"vast would have the shape \[65536, 65536\]"):
        loaded(model, tmp_path)


def test_a_name_that_is_not_text_is_named(tmp_path) -> None:
    data = MODELS["plain"].SerializeToString().replace(b"matmul_1", b"matmul\xff1")
    (tmp_path / "x.onnx").write_bytes(data)
    with pytest.raises(GraphError, match="not UTF-8"):
        load_onnx(tmp_path / "x.onnx")


@settings(max_examples=250, derandomize=True, deadline=None)
@given(name=st.sampled_from(sorted(MODELS)), seed=st.integers(0, 2**32))
def test_any_file_is_read_and_runs_or_is_refused_by_name(name, seed, tmp_path_factory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.onnx"
    path.write_bytes(mutated(np.random.default_rng(seed), MODELS[name].SerializeToString()))
    started = time.process_time()
    with contextlib.suppress(SubspikeError):
        model = load_onnx(path)
        x = random_x(batch=2, steps=3).numpy()
        run_onnx(model, x if len(model.graph.input[0].type.tensor_type.shape.dim) == 3 else x[:, 0])
    assert time.process_time() - started < 20.0
