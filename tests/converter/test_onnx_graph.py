"""ONNX graphs, whole and streaming, are the network: same spikes, any batch, any chunking."""

import json

import numpy as np
import onnx
import pytest
import torch

from converter import convert, run_onnx, to_onnx
from converter.digest import digest
from converter.onnx_about import METADATA_KEY
from converter.onnx_file import _loaded, _run
from spiking.errors import ExportError, GridError
from tests.converter.onnx_nets import CODED, drawn_coded
from tests.converter.small_models import random_net, random_rate, random_rnn, random_x


@pytest.mark.parametrize("seed", range(6))
def test_spikes_and_outputs_are_equal(seed) -> None:
    words = {
        "layers": 1 + seed % 3,
        "levels": (2, 8, 6)[seed % 3],
        "two_sided": seed % 2 == 0,
        "readout": seed % 4 != 3,
        "activation": ("sigmoid", "hard_sigmoid")[seed // 3],
    }
    net, x = random_net(seed, **words), 1.3 * random_x(seed)
    with torch.no_grad():
        run = net.run(x, record=True)
    found = run_onnx(to_onnx(net), x.numpy())
    assert found.spikes.keys() == run.spikes.keys()
    for name, raster in run.spikes.items():
        assert np.array_equal(found.spikes[name], raster.numpy())
    values = run.output if run.logits is None else run.logits
    assert np.array_equal(found.output, values.numpy())


def in_chunks(model, x, places):
    """The outputs and spikes of a model that is run piece by piece, and its last state."""
    runner, state, runs = _loaded(model, "onnxruntime"), None, []
    for each in np.split(x, places, axis=1):
        single = len(model.graph.input[0].type.tensor_type.shape.dim) == 2
        piece = each[:, 0] if single else each
        runs.append(_run(model, runner, piece, state))
        state = runs[-1].state
    join = np.concatenate if runs[0].output.ndim == 3 else np.stack
    spikes = {name: join([run.spikes[name] for run in runs], 1) for name in runs[0].spikes}
    return join([run.output for run in runs], 1), spikes, state


@pytest.mark.parametrize("name", ["population", *CODED])
def test_any_chunks_and_single_steps_equal_the_whole(name) -> None:
    net = random_net(layers=2) if name == "population" else drawn_coded(name, 1)[0]
    rng, x = np.random.default_rng(0), 1.2 * random_x(steps=13).numpy()
    whole = to_onnx(net)
    at_once = run_onnx(whole, x)
    cuts = [sorted(rng.choice(range(1, 13), size=n, replace=False)) for n in (1, 3, 6)]
    ways = [(whole, places) for places in cuts]
    for model, places in [*ways, (to_onnx(net, streaming=True), range(1, 13))]:
        output, spikes, state = in_chunks(model, x, places)
        assert np.array_equal(output, at_once.output)
        assert spikes.keys() == at_once.spikes.keys()
        assert all(np.array_equal(value, at_once.spikes[name]) for name, value in spikes.items())
        assert all(np.array_equal(value, at_once.state[name]) for name, value in state.items())
        assert state.keys() == at_once.state.keys()


@pytest.mark.parametrize("forget", ["gated", "fixed"])
@pytest.mark.parametrize("activation", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rate_models(forget, activation, dtype) -> None:
    rate = random_rate(forget=forget, layers=2, activation=activation).to(dtype)
    x = random_x().to(dtype)
    with torch.no_grad():
        wanted = rate.readout(rate.rnn(x)[0]).numpy()
    found = run_onnx(to_onnx(rate), x.numpy()).output
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, atol=1e-5 if dtype == torch.float32 else 1e-12)


def test_batch_and_time_are_dynamic() -> None:
    model = to_onnx(random_net())
    for batch, steps in ((1, 1), (5, 3), (2, 20)):
        x = random_x(batch=batch, steps=steps).numpy()
        assert run_onnx(model, x).output.shape[:2] == (batch, steps)


@pytest.mark.parametrize("streaming", [False, True])
def test_only_standard_operators_and_a_trace_to_the_weights(streaming) -> None:
    net = random_net()
    model = to_onnx(net, streaming=streaming)
    assert {entry.domain for entry in model.opset_import} == {""}
    props = {prop.key: prop.value for prop in model.metadata_props}
    about = json.loads(props[METADATA_KEY])
    assert about["weights"] == digest(net)
    assert (about["streaming"], about["code"]["levels"]) == (streaming, 8)
    onnx.checker.check_model(model, full_check=True)
    assert model.SerializeToString() == to_onnx(net, streaming=streaming).SerializeToString()


def test_what_cannot_be_written_is_named() -> None:
    with pytest.raises(ExportError, match="call quantize"):
        to_onnx(convert(random_rate()).network)
    with pytest.raises(ExportError, match="bidirectional"):
        to_onnx(random_rnn(bidirectional=True))
    net = random_net()
    with torch.no_grad():
        net.readout.bias[1] += 1e-6
    with pytest.raises(GridError, match=r"readout\.bias"):
        to_onnx(net)
