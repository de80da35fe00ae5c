"""The interpreter wires the nodes' steps together as its semantics say."""

import copy
import itertools

import nir
import numpy as np
import pytest

from converter import run_nir, to_nir
from converter.semantics import Semantics
from spiking.errors import ConfigError, GraphError, NotFiniteError, ShapeError
from tests.converter.small_models import random_net, random_x

DT = 1e-3


def line(**nodes: nir.NIRNode) -> nir.NIRGraph:
    """input -> each node in turn -> output, all of two entries."""
    ends = {"output": nir.Output({"output": np.array([2])})}
    whole = {"input": nir.Input({"input": np.array([2])})} | nodes | ends
    names = list(whole)
    return nir.NIRGraph(whole, list(itertools.pairwise(names)), type_check=False)


def ran(node: nir.NIRNode, x: np.ndarray):
    return run_nir(line(node=node), x, dt=DT)


X = np.random.default_rng(0).normal(size=(3, 6, 2))
TWO = np.ones(2)


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


def back(**words: float) -> nir.NIRGraph:
    """A sum that hears half of itself, over a Delay where one is given."""
    graph = line(a=nir.Linear(np.eye(2)), b=nir.Linear(np.eye(2)))
    graph.nodes["half"] = nir.Linear(0.5 * np.eye(2))
    graph.edges += [("b", "half"), ("half", "a")]
    if words:
        graph.edges.remove(("half", "a"))
        graph.nodes["wait"] = nir.Delay(words["delay"] * TWO)
        graph.edges += [("half", "wait"), ("wait", "a")]
    return graph


def echoed(steps: int) -> np.ndarray:
    found = np.zeros((3, 6, 2))
    for t in range(6):
        found[:, t] = X[:, t] + (0.5 * found[:, t - steps] if t >= steps else 0.0)
    return found


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_delay_in_a_loop_is_its_delay(steps: int) -> None:
    found = run_nir(back(delay=steps * DT), X, dt=DT).output
    np.testing.assert_allclose(found, echoed(steps), atol=1e-15)
    # a reader that cuts loops whatever is in them is a step later
    cut = run_nir(back(delay=steps * DT), X, dt=DT, semantics=Semantics(delay_cuts=False))
    np.testing.assert_allclose(cut.output, echoed(steps + 1), atol=1e-15)


def test_a_delay_of_no_step_leaves_the_loop_to_be_cut() -> None:
    np.testing.assert_allclose(
        run_nir(back(delay=0.2 * DT), X, dt=DT).output, echoed(1), atol=1e-15
    )


def test_every_entry_has_a_delay_of_its_own() -> None:
    found = ran(nir.Delay(np.array([1.0, 3.0]) * DT), X).output
    assert np.array_equal(found[:, 1:, 0], X[:, :-1, 0])
    assert np.array_equal(found[:, 3:, 1], X[:, :-3, 1])
    assert not found[:, 0, 0].any()
    assert not found[:, :3, 1].any()


@pytest.mark.parametrize(
    ("delay", "match"),
    [
        (np.array([0.0, 1.0]), "some of its delays are shorter than a step"),
        (np.array([1.0, 1e9]), "not within 0 and 10000 steps"),
    ],
)
def test_delays_that_cannot_be_kept_are_named(delay: np.ndarray, match: str) -> None:
    with pytest.raises(GraphError, match=match):
        ran(nir.Delay(delay * DT), X)


def test_kinds_and_edges_are_late_as_the_semantics_say() -> None:
    graph = line(a=nir.Linear(2.0 * np.eye(2)), b=nir.Affine(np.eye(2), TWO), c=nir.Scale(TWO))
    late = run_nir(graph, X, dt=DT, semantics=Semantics(delays={"Linear": 1, "Affine": 2}))
    assert np.array_equal(late.output[:, 3:], 2.0 * X[:, :-3] + 1.0)
    assert np.array_equal(late.output[:, :3], np.ones((3, 3, 2))), "a bias comes at once"
    named = Semantics(delays={"Linear": 1}, edge_delays=(("b", "c", 2), ("input", "a", 1)))
    late = run_nir(graph, X, dt=DT, semantics=named)
    assert np.array_equal(late.output[:, 4:], 2.0 * X[:, :-4] + 1.0)
    with pytest.raises(ConfigError, match=r"edges that the graph does not have.*'c', 'a'"):
        run_nir(graph, X, dt=DT, semantics=Semantics(edge_delays=(("c", "a", 1),)))


def test_an_input_may_be_sent_through_a_neurons_own_weights() -> None:
    weight = np.array([[0.0, 2.0], [1.0, 0.0]])
    graph = line(fire=nir.Threshold(0.4 * TWO))
    graph.nodes["own"] = nir.Linear(weight)
    graph.edges += [("fire", "own"), ("own", "fire")]
    found = run_nir(graph, X, dt=DT, semantics=Semantics(input_through_recurrence=True))
    fired = np.zeros((3, 2))
    for t in range(6):
        fired = (X[:, t] + fired) @ weight.T > 0.4
        assert np.array_equal(found.spikes["fire"][:, t], fired)
    # an Affine that leads elsewhere as well is no part of the neuron
    graph.edges.append(("own", "output"))
    other = run_nir(graph, X, dt=DT, semantics=Semantics(input_through_recurrence=True))
    plain = run_nir(graph, X, dt=DT)
    assert np.array_equal(other.spikes["fire"], plain.spikes["fire"])


def test_the_last_node_may_answer_instead_of_the_output() -> None:
    graph = line(a=nir.Linear(np.eye(2)))
    graph.nodes["side"] = nir.Scale(3.0 * TWO)
    graph.edges.append(("a", "side"))
    how = Semantics(order="nirtorch.load", answers_last=True)
    assert np.array_equal(run_nir(graph, X, dt=DT, semantics=how).output, 3.0 * X)
    assert np.array_equal(run_nir(graph, X, dt=DT).output, X)


def test_graphs_within_are_resolved() -> None:
    whole = line(g=line(a=nir.Linear(2.0 * np.eye(2))), b=nir.Linear(3.0 * np.eye(2)))
    assert np.array_equal(run_nir(whole, np.rint(X), dt=DT).output, 6.0 * np.rint(X))


def test_single_numbers_stand_for_every_entry() -> None:
    number = np.float64(0.5)
    for graph in (
        line(s=nir.Scale(np.array(0.5)), w=nir.Linear(np.eye(2))),
        line(w=nir.Linear(np.eye(2)), s=nir.Scale(number)),
    ):
        assert np.array_equal(run_nir(graph, X, dt=DT).output, 0.5 * X)
    late = line(w=nir.Linear(np.eye(2)), d=nir.Delay(np.float64(DT)))
    assert np.array_equal(run_nir(late, X, dt=DT).output[:, 1:], X[:, :-1])


def test_whole_numbers_and_short_floats_are_widened() -> None:
    for kind in (np.int8, np.uint8, np.float16, np.float32):
        weight = np.array([[100, 27], [3, 1]], dtype=kind)
        found = ran(nir.Linear(weight), 64.0 * np.rint(X)).output
        assert np.array_equal(found, 64.0 * np.rint(X) @ weight.astype(np.float64).T)


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


def test_the_graph_is_not_changed() -> None:
    graph, x = to_nir(random_net()), random_x().numpy()
    before = {
        n: {k: copy.copy(v) for k, v in vars(node).items()} for n, node in graph.nodes.items()
    }
    run_nir(graph, x, dt=1e-4)
    for name, held in before.items():
        for field, value in held.items():
            assert np.array_equal(getattr(graph.nodes[name], field), value)


def test_a_state_that_outgrows_the_numbers_is_named() -> None:
    short = nir.LI(tau=1e-5 * TWO, r=TWO, v_leak=0.0 * TWO)
    with pytest.raises(NotFiniteError, match=r"state of node outgrows.*shorter than dt"):
        ran(short, np.ones((1, 400, 2)))


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
    with pytest.raises(GraphError, match="input -> a 2 entries into 3"):
        run_nir(graph, X, dt=DT)
    loose = line(a=nir.Scale(np.array(1.0)), w=nir.Linear(np.eye(3)))
    with pytest.raises(GraphError, match="w does not fit what it is fed"):
        run_nir(loose, X, dt=DT)
    alone = line(a=nir.Linear(np.eye(2)))
    alone.nodes["b"] = nir.Linear(np.eye(2))
    alone.edges += [("b", "a")]
    assert np.array_equal(run_nir(alone, X, dt=DT).output, X), "what nothing feeds says nothing"
