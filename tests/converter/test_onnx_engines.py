"""Every engine gives the network's spikes bit for bit: random networks, whole and step by step.

`make bench-onnx` does the same for 120 networks and more.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from converter import run_onnx, to_onnx, verify_onnx
from converter.onnx_engines import ENGINES
from spiking.errors import ConfigError, GraphError, MissingSoftwareError
from tests.converter.onnx_nets import CODED, drawn, drawn_coded
from tests.converter.small_models import random_net, random_rate, random_x

HERE = Path(os.environ.get("SUBSPIKE_NODE", "."))
WEB = shutil.which("node") and (HERE / "node_modules" / "onnxruntime-web").is_dir()


def needs(name):
    """Skip without this optional package."""
    found = WEB if name == "web" else importlib.util.find_spec(name)
    return pytest.param(name, marks=pytest.mark.skipif(not found, reason=f"no {name} here"))


def equal(net, x, engine, *, streaming=False, **words) -> None:
    found = verify_onnx(to_onnx(net, streaming=streaming, **words), net, x, engine=engine)
    assert (found.differing, found.first) == (0, "")
    assert found.total > 0


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
@pytest.mark.parametrize("seed", range(12))
def test_populations(seed, engine) -> None:
    net, x = drawn(seed)
    storage = "int8" if seed % 2 else "float"
    equal(net, x, engine, weights=storage, functions=seed % 4 < 2)
    equal(net, x, engine, streaming=True, weights=storage, functions=seed % 4 > 1)


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
@pytest.mark.parametrize("name", CODED)
def test_every_other_code(name, engine) -> None:
    net, x = drawn_coded(name, 1 if engine == "reference" else 2)
    equal(net, x, engine, functions=engine == "reference")
    equal(net, x, engine, streaming=True, functions=engine != "reference")


@pytest.mark.parametrize("engine", [needs("openvino"), needs("tract")])
@pytest.mark.parametrize("seed", [5, 6, 9])
def test_other_runtimes(seed, engine) -> None:
    net, x = drawn(seed)
    equal(net, x, engine)
    equal(net, x, engine, streaming=True, functions=True)
    rate = random_rate(seed, forget="gated")
    assert verify_onnx(to_onnx(rate), rate, random_x(), engine=engine).differing == 0


@pytest.mark.parametrize("engine", [needs("web")])
def test_a_browser_s_runtime(engine) -> None:
    equal(*drawn(9), engine)
    equal(*drawn_coded("compound, native", 1), engine)


def test_what_is_not_there_is_named(monkeypatch) -> None:
    model = to_onnx(random_net())
    for engine in ("openvino", "tract"):
        monkeypatch.setitem(sys.modules, engine, None)
        with pytest.raises(MissingSoftwareError, match=f"pip install {engine}"):
            run_onnx(model, random_x().numpy(), engine=engine)
    monkeypatch.setenv("SUBSPIKE_NODE", "/nowhere")
    with pytest.raises(MissingSoftwareError, match="npm install"):
        run_onnx(model, random_x().numpy(), engine="web")
    with pytest.raises(ConfigError, match="choose one of"):
        run_onnx(model, random_x().numpy(), engine="best")


def test_what_an_engine_refuses_is_ours(monkeypatch) -> None:
    def broken(model):
        raise RuntimeError("out of luck")

    monkeypatch.setitem(ENGINES, "onnxruntime", broken)
    with pytest.raises(GraphError, match="onnxruntime cannot load the model: out of luck"):
        run_onnx(to_onnx(random_net()), random_x().numpy())
