"""The interpreter is forward Euler of NIR's equations, one reading of each, stated."""

import itertools

import nir
import numpy as np
import pytest

from converter import run_nir, to_nir
from converter.nir_interpreter import require_readable
from converter.schedule import schedule
from spiking.errors import ConfigError, GraphError, ShapeError
from tests.converter.small_models import random_net, random_x

DT = 1e-3


def line(**nodes: nir.NIRNode) -> nir.NIRGraph:
    """input -> each node in turn -> output, all of two entries."""
    ends = {"output": nir.Output({"output": np.array([2])})}
    whole = {"input": nir.Input({"input": np.array([2])})} | nodes | ends
    names = list(whole)
    return nir.NIRGraph(whole, list(itertools.pairwise(names)))


def ran(node: nir.NIRNode, x: np.ndarray):
    return run_nir(line(node=node), x, dt=DT)


X = np.random.default_rng(0).normal(size=(3, 6, 2))
TWO = np.ones(2)


def test_affine_linear_scale_and_threshold() -> None:
    weight, bias = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0.5, -0.5])
    assert np.array_equal(ran(nir.Affine(weight, bias), X).output, X @ weight.T + bias)
    assert np.array_equal(ran(nir.Linear(weight), X).output, X @ weight.T)
    assert np.array_equal(ran(nir.Scale(bias), X).output, X * bias)
    fired = ran(nir.Threshold(0.2 * TWO), X)
    assert np.array_equal(fired.output, X > 0.2)
    assert np.array_equal(fired.spikes["node"], X > 0.2)


def test_leaky_nodes_step_by_step() -> None:
    tau, r, leak, threshold, reset = 4e-3, 1.5, 0.1, 0.3, -0.2
    li = ran(nir.LI(tau=tau * TWO, r=r * TWO, v_leak=leak * TWO), X)
    lif = ran(
        nir.LIF(
            tau=tau * TWO,
            r=r * TWO,
            v_leak=leak * TWO,
            v_threshold=threshold * TWO,
            v_reset=reset * TWO,
        ),
        X,
    )
    v, w = np.zeros((3, 2)), np.zeros((3, 2))
    for t in range(6):
        v = v + DT / tau * ((leak - v) + r * X[:, t])
        w = w + DT / tau * ((leak - w) + r * X[:, t])
        np.testing.assert_allclose(li.output[:, t], v, atol=1e-15)
        assert np.array_equal(lif.spikes["node"][:, t], w > threshold)
        w = np.where(w > threshold, reset, w)
    assert 0 < lif.spikes["node"].sum() < lif.spikes["node"].size


def test_cuba_lif_step_by_step() -> None:
    words = {
        "tau_syn": 5e-3,
        "tau_mem": 2e-3,
        "r": 1.2,
        "v_leak": 0.05,
        "v_threshold": 0.4,
        "v_reset": 0.1,
        "w_in": 3.0,
    }
    found = ran(nir.CubaLIF(**{name: value * TWO for name, value in words.items()}), X)
    current, v = np.zeros((3, 2)), np.zeros((3, 2))
    for t in range(6):
        current = current + DT / words["tau_syn"] * (-current + words["w_in"] * X[:, t])
        v = v + DT / words["tau_mem"] * ((words["v_leak"] - v) + words["r"] * current)
        assert np.array_equal(found.spikes["node"][:, t], v > words["v_threshold"])
        v = np.where(v > words["v_threshold"], words["v_reset"], v)
    assert found.spikes["node"].any()


def test_an_edge_that_closes_a_loop_is_one_step_late() -> None:
    graph = line(a=nir.Linear(np.eye(2)), b=nir.Linear(np.eye(2)))
    graph.nodes["back"] = nir.Linear(0.5 * np.eye(2))
    graph.edges += [("b", "back"), ("back", "a")]
    found, total = run_nir(graph, X, dt=DT).output, np.zeros((3, 2))
    for t in range(6):
        total = X[:, t] + 0.5 * total
        np.testing.assert_allclose(found[:, t], total, atol=1e-15)


def test_a_node_that_is_fed_twice_adds() -> None:
    graph = line(a=nir.Linear(np.eye(2)), b=nir.Linear(np.eye(2)))
    graph.edges.append(("input", "b"))
    assert np.array_equal(run_nir(graph, X, dt=DT).output, 2 * X)


def test_order_follows_feeds_whatever_the_names() -> None:
    edges = [("z", "m"), ("m", "a"), ("a", "m"), ("z", "a"), ("a", "end")]
    order, delayed = schedule(["a", "end", "m", "z"], edges, "z")
    assert order == ["z", "m", "a", "end"]
    assert delayed == {("a", "m")}


def test_synaptic_events_are_spikes_over_weights_that_are_not_zero() -> None:
    weight = np.array([[1.0, 0.0], [2.0, 3.0]])
    run = run_nir(line(fire=nir.Threshold(0.2 * TWO), spread=nir.Linear(weight)), X, dt=DT)
    fired = X > 0.2
    assert np.array_equal(run.synops["spread"], fired[..., 0].sum(1) * 2 + fired[..., 1].sum(1))


def test_a_sample_does_not_depend_on_its_batch() -> None:
    graph, x = to_nir(random_net()), random_x().numpy()
    whole = run_nir(graph, x, dt=1e-4)
    alone = run_nir(graph, x[2:3], dt=1e-4)
    for name, raster in whole.spikes.items():
        assert np.array_equal(raster[2:3], alone.spikes[name])


def test_no_steps_give_an_empty_run() -> None:
    assert run_nir(line(a=nir.Linear(np.eye(2))), X[:, :0], dt=DT).output.shape[:2] == (3, 0)


def test_bad_graphs_and_inputs_are_named() -> None:
    graph = line(a=nir.Linear(np.eye(2)))
    with pytest.raises(ShapeError, match=r"expects \(batch, time, 2\)"):
        run_nir(graph, X[..., :1], dt=DT)
    with pytest.raises(ConfigError, match="dt is 0"):
        run_nir(graph, X, dt=0)
    graph.edges.remove(("a", "output"))
    with pytest.raises(GraphError, match="'output' is not reached"):
        run_nir(graph, X, dt=DT)
    graph = line(a=nir.Linear(np.eye(2)))
    graph.nodes["a"].weight = np.eye(3)
    with pytest.raises(GraphError, match="'a' does not fit"):
        run_nir(graph, X, dt=DT)
    graph = line(a=nir.Linear(np.eye(2)))
    graph.nodes["again"] = nir.Input({"input": np.array([2])})
    with pytest.raises(GraphError, match="2 Input nodes"):
        require_readable(graph)
    graph = line(a=nir.Linear(np.eye(2)))
    graph.edges.append(("a", "nowhere"))
    with pytest.raises(GraphError, match="nowhere"):
        require_readable(graph)
