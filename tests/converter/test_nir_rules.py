"""What keeps a graph from running is said all at once."""

import nir
import numpy as np
import pytest

from converter import PROFILES, run_nir, to_nir
from converter.nir_rules import NEEDED, has_edges_that_fit, require_readable
from spiking.errors import GraphError, NotFiniteError
from tests.converter.nir_graphs import DT, GRAPHS, INPUTS, UNITS, affine, every
from tests.converter.small_models import random_net


@pytest.mark.parametrize("name", [name for name in GRAPHS if not name.startswith("nested")])
def test_graphs_of_others_break_no_rule(name: str) -> None:
    graph = GRAPHS[name]()
    assert [check(graph) for check in NEEDED] == [[]] * len(NEEDED)
    assert require_readable(graph) == ("input", "output")


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_neither_do_ours(profile: str) -> None:
    graph = to_nir(random_net(layers=2, levels=4), profile=profile)
    assert [check(graph) for check in NEEDED] == [[]] * len(NEEDED)


def test_everything_that_is_wrong_is_named_in_one_error() -> None:
    graph = GRAPHS["two CubaLIF"]()
    graph.nodes["pool"] = nir.SumPool2d(*(np.array([2, 2]),) * 3)
    graph.nodes["again"] = nir.Input({"input": np.array([2])})
    graph.nodes["n0"].bias = np.ones(3)
    graph.nodes["n1"].tau_mem[0] = -1.0
    graph.nodes["n1"].r[0] = np.inf
    graph.nodes["n3"].v_leak = np.array(["a"] * UNITS)
    graph.edges += [("n3", "nowhere"), ("n0", "n1")]
    with pytest.raises(GraphError) as caught:
        require_readable(graph)
    for said in (
        "pool is a SumPool2d",
        "again, input 2 Input nodes",
        "n3 -> nowhere names a node that is not there",
        "n0 -> n1 stands twice",
        "n1.r holds NaN or infinity",
        "n3.v_leak is of <U1, not real numbers",
        "n1.tau_mem goes down to -1",
        "n0.bias has a shape of (3,) for 8 rows",
    ):
        assert said in str(caught.value)
    with pytest.raises(GraphError):
        run_nir(graph, np.zeros((1, 2, INPUTS)), dt=DT)


def test_a_crowd_of_faults_is_counted() -> None:
    graph = GRAPHS["LIF rt"]()
    graph.edges += [(f"a{at}", f"b{at}") for at in range(30)]
    with pytest.raises(GraphError, match="; and 22 more"):
        require_readable(graph)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_have_an_error_of_their_own(value: float) -> None:
    graph = GRAPHS["LIF rt"]()
    graph.nodes["n0"].weight[0, 0] = value
    graph.nodes["n1"].tau[1] = value if value > 0 else 8e-4
    with pytest.raises(NotFiniteError, match=r"n0\.weight holds NaN or infinity"):
        require_readable(graph)


@pytest.mark.parametrize("kind", [np.complex128, object, "U3", bool])
def test_arrays_that_are_no_real_numbers_are_named(kind) -> None:
    graph = GRAPHS["LIF rt"]()
    graph.nodes["n0"].weight = np.ones((UNITS, INPUTS)).astype(kind)
    with pytest.raises(GraphError, match=r"n0\.weight is of .*, not real numbers"):
        require_readable(graph)


def test_delays_may_be_zero_and_not_negative() -> None:
    graph = GRAPHS["delayed"]()
    graph.nodes["wait"].delay = every(0.0)
    assert require_readable(graph)
    graph.nodes["wait"].delay = every(-DT)
    with pytest.raises(GraphError, match=r"wait\.delay goes down to -0\.0001"):
        require_readable(graph)


def test_widths_are_judged_once_arrays_and_edges_are_sound() -> None:
    graph = GRAPHS["LIF rt"]()
    graph.nodes["n0"] = affine(UNITS + 1, INPUTS)
    assert has_edges_that_fit(graph) == [("n0 -> n1", "9 entries into 8")]
    graph.nodes["n0"].bias = np.ones(2)
    assert has_edges_that_fit(graph) == []
