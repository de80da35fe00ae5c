"""A case writes each consumer's own file, and knows what each must and will answer."""

import nir
import numpy as np
import pytest
import torch

from converter import PROFILES, drift, read_nir, run_nir, write_nir
from converter.conform import file_case, network_case, random_inputs
from converter.consumers import CONSUMERS, ENGINES, Answer
from converter.nir_graph import read_advice
from converter.support import LOSSY, REFUSED, SUPPORTED
from tests.converter.small_models import random_net

EVERYONE = [*CONSUMERS.values(), *ENGINES.values()]


def test_every_consumer_gets_its_profile_and_the_truth_is_the_networks(tmp_path) -> None:
    net = random_net(1, layers=2, hidden=3, levels=4)
    x = random_inputs(net, batch=2, steps=9)
    case = network_case(net, x, EVERYONE, tmp_path, name="n", dt=1e-4)
    with torch.no_grad():
        run = net.run(net.encode(x), record=True)
    assert drift(case.rasters, {n: v.numpy() for n, v in run.spikes.items()}).differing == 0
    assert np.array_equal(case.output, run.logits.double().numpy())
    for consumer in EVERYONE:
        reading = case.readings[consumer.name]
        assert reading.file.is_file()
        if consumer.profile == "onnx":
            assert reading.file.suffix == ".onnx"
            continue
        graph = read_nir(reading.file)
        advice = read_advice(graph)
        assert (advice["profile"], advice["dialect"]) == (consumer.profile, consumer.dialect)
        # what a consumer would show, were it our interpreter, is the truth
        done = run_nir(graph, case.x, dt=1e-4, semantics=PROFILES[consumer.profile].semantics)
        shown = case.shown(consumer, Answer("ran", "", dict(done.spikes), done.output))
        assert all(np.array_equal(shown[name], case.rasters[name]) for name in case.rasters)
    states = {name: reading.predicted.state for name, reading in case.readings.items()}
    assert states == {
        "lava": LOSSY,
        "nengo": LOSSY,
        "norse": SUPPORTED,
        "onnx_reference": SUPPORTED,
        "onnxruntime": SUPPORTED,
        "onnxruntime_web": SUPPORTED,
        "openvino": LOSSY,
        "sc_neurocore": SUPPORTED,
        "sinabs": SUPPORTED,
        "snntorch": SUPPORTED,
        "spikingjelly": SUPPORTED,
        "spyx": REFUSED,
        "tract": SUPPORTED,
    }


def test_a_node_that_a_consumer_drops_leaves_its_populations_out(tmp_path) -> None:
    net = random_net(0, hidden=2, levels=2)
    norse = CONSUMERS["norse"]
    case = network_case(net, random_inputs(net, steps=3), [norse], tmp_path, name="n", dt=1e-4)
    answer = Answer("ran", "", {"l0_n2_gates": np.zeros((4, 3, 12))}, np.zeros((4, 3, 4)))
    assert case.shown(norse, answer) == {}


def test_a_network_that_a_profile_cannot_carry_is_refused_before_writing(tmp_path) -> None:
    net = random_net(0, two_sided=False, levels=4)
    chosen = [CONSUMERS["norse"], CONSUMERS["sinabs"], ENGINES["onnxruntime"]]
    case = network_case(net, random_inputs(net, steps=3), chosen, tmp_path, name="n", dt=1e-4)
    norse = case.readings["norse"]
    assert norse.file is None
    assert norse.predicted.state == REFUSED
    assert "negative thresholds" in norse.predicted.reasons[0]
    assert case.readings["sinabs"].file is not None
    assert case.readings["onnxruntime"].file is not None


@pytest.mark.parametrize("spiking", [True, False])
def test_a_file_of_a_stranger_is_compared_by_node(spiking, tmp_path) -> None:
    ones = np.ones(3)
    neuron = (
        nir.LIF(tau=2e-4 * ones, r=2.0 * ones, v_leak=0.0 * ones, v_threshold=ones)
        if spiking
        else nir.LI(tau=2e-4 * ones, r=2.0 * ones, v_leak=0.0 * ones)
    )
    nodes = {
        "input": nir.Input({"input": np.array([2])}),
        "w": nir.Affine(np.array([[1.5, -0.5], [0.75, 2.0], [1.0, 1.25]]), np.zeros(3)),
        "x": neuron,
        "y": nir.Output({"output": np.array([3])}),
    }
    edges = [("input", "w"), ("w", "x"), ("x", "y")]
    write_nir(nir.NIRGraph(nodes, edges), tmp_path / "theirs.nir")
    case = file_case(tmp_path / "theirs.nir", list(CONSUMERS.values()), dt=1e-4)
    assert list(case.rasters) == (["x"] if spiking else ["output"])
    assert case.rasters[next(iter(case.rasters))].any()
    assert {each.file for each in case.readings.values()} == {tmp_path / "theirs.nir"}
    assert case.readings["sc_neurocore"].predicted.state == SUPPORTED
    assert case.readings["norse"].predicted.state == (LOSSY if spiking else REFUSED)
