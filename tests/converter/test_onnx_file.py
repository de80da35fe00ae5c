"""An ONNX file is proved by running it; a broken or hostile one is refused by name."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from converter import export_onnx, load_onnx, run_onnx, to_onnx, verify_onnx
from spiking.errors import DriftError, EmptyDataError, GraphError, ShapeError
from tests.converter.small_models import random_net, random_rate, random_rnn, random_x


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_written_file_runs_equal_to_the_network(seed, streaming, tmp_path) -> None:
    net = random_net(seed, layers=1 + seed % 2, two_sided=seed != 1, readout=seed != 2)
    found = export_onnx(net, tmp_path / "x.onnx", random_x(seed), streaming=streaming)
    assert found.differing == 0
    assert found.total == 4 * 8 * 5 * 4 * 8 * (1 + seed % 2)
    assert list(tmp_path.iterdir()) == [tmp_path / "x.onnx"]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("make", [random_rate, random_rnn])
def test_a_rate_model_is_proved_too(make, streaming, tmp_path) -> None:
    model = make(1, forget="gated", layers=2)
    assert export_onnx(model, tmp_path / "x.onnx", random_x(), streaming=streaming).differing == 0


def swapped(model: onnx.ModelProto, change) -> onnx.ModelProto:
    """The model with one constant changed."""
    for initializer in model.graph.initializer:
        values = onnx.numpy_helper.to_array(initializer)
        if change(values) is not None:
            initializer.CopyFrom(onnx.numpy_helper.from_array(change(values), initializer.name))
            break
    return model


def test_a_file_that_differs_is_not_left_behind(monkeypatch, tmp_path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"an earlier file")
    other = to_onnx(random_net(1))
    monkeypatch.setattr("converter.onnx_file.to_onnx", lambda net, **words: other)
    with pytest.raises(DriftError, match=r"x\.onnx differs from the network in"):
        export_onnx(random_net(0), path, random_x())
    assert path.read_bytes() == b"an earlier file"
    path.unlink()
    with pytest.raises(EmptyDataError):
        export_onnx(random_net(0), path, torch.zeros(2, 0, 3))
    assert list(tmp_path.iterdir()) == []


def test_other_values_are_a_drift_though_spikes_are_equal() -> None:
    net = random_net()
    wrong = swapped(to_onnx(net), lambda v: v + 1 if v.shape == (4,) else None)
    with pytest.raises(DriftError, match="outputs differ"):
        verify_onnx(wrong, net, random_x())
    rate = random_rate()
    wrong = swapped(to_onnx(rate), lambda v: v + 1e-3 if v.shape == (4,) else None)
    with pytest.raises(DriftError, match=r"differ by 0\.001"):
        verify_onnx(wrong, rate, random_x())


def test_a_missing_truncated_or_other_file_is_named(tmp_path) -> None:
    path = tmp_path / "x.onnx"
    with pytest.raises(GraphError, match="no such file"):
        load_onnx(path)
    whole = to_onnx(random_net()).SerializeToString()
    for bad in (b"", b"not protobuf", whole[: len(whole) // 2], whole[:-7]):
        path.write_bytes(bad)
        with pytest.raises(GraphError, match=r"x\.onnx"):
            load_onnx(path)


def test_a_model_of_another_kind_is_not_run() -> None:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Neg", ["a"], ["b"])],
        "other",
        [info("a", TensorProto.FLOAT, [1, 2])],
        [info("b", TensorProto.FLOAT, [1, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    with pytest.raises(GraphError, match=r"inputs \['a'\]"):
        run_onnx(model, np.zeros((1, 2)))


def test_wrong_inputs_and_states_are_named() -> None:
    model = to_onnx(random_net())
    with pytest.raises(ShapeError, match=r"\(4, 8, 2\)"):
        run_onnx(model, np.zeros((4, 8, 2), np.float32))
    with pytest.raises(ShapeError, match=r"lacks \['l0.cell', 'l0.counts'\]"):
        run_onnx(model, random_x().numpy(), state={})
