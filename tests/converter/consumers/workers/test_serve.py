"""Every worker whose library is here does what its preset says: files of ours, and others'."""

import importlib.util
import itertools

import nir
import numpy as np
import pytest

from converter import write_nir
from converter.conform import conform, file_case, network_case, random_inputs
from converter.consumers import CONSUMERS, ENGINES, run_guarded
from converter.consumers.guarded import MISSING, Job
from converter.support import REFUSED
from tests.converter.small_models import random_net

EVERYONE = {**CONSUMERS, **ENGINES}
APART = sorted(name for name, consumer in CONSUMERS.items() if consumer.apart)


@pytest.mark.parametrize("name", APART)
def test_a_consumer_that_lives_apart_does_as_predicted(name, tmp_path) -> None:
    consumer = CONSUMERS[name]
    if consumer.python is None:
        pytest.skip(f"not built here: {consumer.command}")
    cases = []
    for seed in range(2):
        net = random_net(seed, layers=1 + seed, levels=4, hidden=3)
        x = random_inputs(net, seed=seed, batch=2, steps=20)
        cases.append(network_case(net, x, [consumer], tmp_path, name=f"{seed}", dt=1e-4))
    # a loop would hang spyx, as predicted; `make conform` lets it
    cases = [case for case in cases if case.readings[name].predicted.state != REFUSED]
    cases.append(file_case(feed_forward(tmp_path / "ff.nir"), [consumer], dt=1e-4))
    found = conform(cases, [consumer], dt=1e-4, seconds=120.0, progress=False)
    assert [each for each in found.results if not each.foreseen] == []
    assert found.results[-1].found is not None, "a plain chain is run by everyone"
    assert found.results[-1].foretold.differing == 0


def feed_forward(path):
    """A chain of neurons with random weights, which every importer takes."""
    rng = np.random.default_rng(0)
    ones = np.ones(5)
    neuron = {"v_leak": 0.0 * ones, "v_threshold": 0.3 * ones}
    nodes = {
        "input": nir.Input({"input": np.array([3])}),
        "l0_in": nir.Affine(rng.normal(size=(5, 3)).astype(np.float32).astype(float), 0.0 * ones),
        "l1_lif": nir.LIF(tau=4e-4 * ones, r=4.0 * ones, **neuron),
        "output": nir.Output({"output": np.array([5])}),
    }
    names = list(nodes)
    write_nir(nir.NIRGraph(nodes, list(itertools.pairwise(names))), path, dialect="1.0.4")
    return path


def test_every_worker_is_of_a_consumer_and_loads_without_its_library() -> None:
    folder = CONSUMERS["lava"].worker.parent
    shared = {"__init__.py", "onnx_steps.py", "serve.py", "torch_steps.py"}
    named = {consumer.worker.name for consumer in EVERYONE.values()}
    assert {path.name for path in folder.glob("*.py")} - shared == named
    for path in sorted(folder.glob("*_worker.py")):
        name = f"converter.consumers.workers.{path.stem}"
        worker = importlib.import_module(name)
        assert worker.run.__doc__, name


def test_an_engine_that_is_absent_is_missing(monkeypatch, tmp_path) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tract" else real(name)
    )
    (answer,) = run_guarded(ENGINES["tract"], [Job(tmp_path, np.zeros((1, 1, 1)))])
    assert (answer.state, answer.reason) == (MISSING, "not installed: pip install tract")
