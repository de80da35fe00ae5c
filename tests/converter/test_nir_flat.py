"""Graphs within a graph mean what they mean without."""

import nir
import numpy as np
import pytest

from converter import run_nir
from converter.nir_flat import flattened, nested, pairs
from spiking.errors import GraphError
from tests.converter.nir_graphs import DT, GRAPHS, INPUTS, affine, cuba, graph, rng
from tests.converter.nir_graphs import nested as inner

TWO = np.array([2])


def part(edges: str, **nodes: nir.NIRNode) -> nir.NIRGraph:
    """A graph of two entries with an input and an output of its own."""
    ends = {"input": nir.Input({"input": TWO}), "output": nir.Output({"output": TWO})}
    links = [tuple(edge.split(">")) for edge in edges.split()]
    return nir.NIRGraph(ends | nodes, links, type_check=False)


def times(factor: float) -> nir.Linear:
    return nir.Linear(factor * np.eye(2))


X = np.rint(rng().normal(size=(2, 5, 2)) * 64.0) / 64.0


def test_a_recurrent_graph_within_runs_as_it_does_flat() -> None:
    flat = graph(
        {
            "fc": affine(8, INPUTS, 0, 0.8),
            "lif": cuba(),
            "rec": affine(8, 8, 1, 0.3),
            "fc2": affine(4, 8, 2),
        },
        "input>fc>lif>rec>lif lif>fc2>output",
        4,
    )
    x = rng(3).random((2, 60, INPUTS)) < 0.5
    wanted, found = run_nir(flat, x, dt=DT), run_nir(inner(cuba()), x, dt=DT)
    assert wanted.spikes["lif"].any()
    assert np.array_equal(found.spikes["rnn_lif"], wanted.spikes["lif"])
    assert np.array_equal(found.output, wanted.output)


def test_levels_are_resolved_to_the_last() -> None:
    deepest = part("input>w w>output", w=times(2.0))
    middle = part("input>g g>h h>output", g=deepest, h=part("input>w w>output", w=times(3.0)))
    outer = part("input>m m>w w>output", m=middle, w=times(5.0))
    found = flattened(outer)
    assert set(found.nodes) == {"input", "output", "m_g_w", "m_h_w", "w"}
    assert set(found.edges) == {
        ("input", "m_g_w"),
        ("m_g_w", "m_h_w"),
        ("m_h_w", "w"),
        ("w", "output"),
    }
    assert np.array_equal(run_nir(outer, X, dt=DT).output, 30.0 * X)


def test_a_graph_that_only_hands_on_is_a_wire() -> None:
    wire = part("input>output")
    outer = part(
        "input>a a>b b>w w>output", a=wire, b=part("input>c c>output", c=wire), w=times(2.0)
    )
    assert flattened(outer).edges == [("input", "w"), ("w", "output")]
    assert np.array_equal(run_nir(outer, X, dt=DT).output, 2.0 * X)


def test_branches_within_and_around_are_kept() -> None:
    two = part("input>a input>b a>output b>output", a=times(2.0), b=times(3.0))
    outer = part("input>g g>w input>w w>output", g=two, w=times(1.0))
    assert np.array_equal(run_nir(outer, X, dt=DT).output, 6.0 * X)


def test_a_flat_graph_is_handed_back_itself() -> None:
    plain = GRAPHS["packed"]()
    assert flattened(plain) is plain
    assert nested(plain) == []
    assert nested(GRAPHS["nested LIF"]()) == ["rnn"]


def test_the_given_graph_is_not_changed() -> None:
    outer = inner(cuba())
    names, edges = set(outer.nodes), list(outer.edges)
    flattened(outer)
    assert set(outer.nodes) == names
    assert outer.edges == edges


@pytest.mark.parametrize(
    ("outer", "match"),
    [
        (part("input>g g>output", g=part("input>x x>output")), "g_input -> g_x names a node"),
        (part("input>g g>y y>output", g=part("input>output")), "the edge g -> y names a node"),
        (
            part("input>g g>output", g=part("input>b b>output", b=times(1.0)), g_b=times(1.0)),
            r"two nodes would be called \['g_b'\]",
        ),
        (
            part("input>g g>h h>g g>output", g=part("input>output"), h=part("input>output")),
            "passes no node",
        ),
        (part("input>g g>g g>output", g=part("input>output")), "passes no node"),
        (
            part("input>g g>output", g=nir.NIRGraph({"w": times(1.0)}, [], type_check=False)),
            "of 1 outputs or 0 inputs",
        ),
    ],
)
def test_what_cannot_be_resolved_is_named(outer: nir.NIRGraph, match: str) -> None:
    with pytest.raises(GraphError, match=match):
        flattened(outer)


def test_wires_that_multiply_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr("converter.nir_flat.MOST_EDGES", 1000)
    wire = part("input>output")
    names = [f"a{at}" for at in range(40)]
    hub = " ".join(f"input>{name} {name}>hub" for name in names)
    out = " ".join(f"hub>b{at} b{at}>output" for at in range(40))
    nodes = {name: times(1.0) for name in names} | {f"b{at}": times(1.0) for at in range(40)}
    with pytest.raises(GraphError, match="more than 1000 edges"):
        flattened(part(f"{hub} {out}", hub=wire, **nodes))
    # 2^n ways through n pairs of wires
    links, last = "", "input"
    wires = {}
    for at in range(64):
        links += f" {last}>l{at} {last}>r{at} l{at}>j{at} r{at}>j{at}"
        wires |= dict.fromkeys((f"l{at}", f"r{at}", f"j{at}"), wire)
        last = f"j{at}"
    with pytest.raises(GraphError, match="more than 1000 edges"):
        flattened(part(f"{links} {last}>output", **wires))


@pytest.mark.parametrize("edge", [("a",), ("a", "b", "c"), "ab", ("a", 3), None])
def test_an_edge_that_is_no_pair_of_names_is_named(edge) -> None:
    with pytest.raises(GraphError, match="is no pair of names"):
        pairs(nir.NIRGraph({}, [edge], type_check=False))
