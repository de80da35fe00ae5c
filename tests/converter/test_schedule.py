"""Orders of evaluation: ours, and those of nirtorch and sc-neurocore, each on its hard cases."""

import itertools

import pytest

from converter.schedule import loops, neighbours, put_back, reached, schedule
from spiking.errors import GraphError


def edges(text: str) -> list[tuple[str, str]]:
    """Edges as "a>b>c b>d"."""
    return [pair for chain in text.split() for pair in itertools.pairwise(chain.split(">"))]


def names(links: list[tuple[str, str]]) -> list[str]:
    return sorted({name for edge in links for name in edge})


def test_order_follows_feeds_whatever_the_names() -> None:
    links = edges("z>m>a>m z>a>end")
    order, late = schedule(names(links), links, "z")
    assert order == ["z", "m", "a", "end"]
    assert late == {("a", "m")}


def test_an_edge_that_is_late_anyway_closes_no_loop() -> None:
    links = edges("in>a>b>a b>out")
    assert schedule(names(links), links, "in", late={("b", "a")}) == (
        ["in", "a", "b", "out"],
        set(),
    )
    # and what only a late edge leads to is evaluated all the same
    links = edges("in>a>b>c")
    order, _ = schedule(names(links), links, "in", late={("a", "b")})
    assert set(order) == {"in", "a", "b", "c"}
    assert order.index("b") < order.index("c")


def test_from_each_node_in_turn_a_loop_is_cut_before_its_first_name() -> None:
    links = edges("in>m>a>m a>out")
    assert schedule(["a", "in", "m", "out"], links, "in")[1] == {("a", "m")}
    late = schedule(["a", "in", "m", "out"], links, "in", order="depth first from each")[1]
    assert late == {("m", "a")}


def test_nirtorch_takes_what_is_not_there_yet_from_the_step_before() -> None:
    links = edges("in>x>b in>y>b b>c>y c>out")
    order, late = schedule(names(links), links, "in", order="nirtorch")
    assert (order, late) == (["in", "x", "y", "b", "c", "out"], {("c", "y")})


# z - i into a cell whose spikes both gates hear
GATED = "in>x_z>z>m_z>c in>x_i>i>m_i>c c>r_z>z c>r_i>i c>out"


@pytest.mark.parametrize(
    ("order", "late"),
    [
        ("depth first", "r_z>z m_i>c"),
        ("depth first from each", "m_i>c m_z>c"),
        ("nirtorch", "r_z>z r_i>i m_i>c m_z>c"),
        ("nirtorch.load", "r_z>z x_i>i m_i>c"),
    ],
)
def test_a_loop_through_two_gates_is_cut_in_four_ways(order: str, late: str) -> None:
    links = edges(GATED)
    assert schedule(names(links), links, "in", order=order)[1] == set(edges(late))


def test_names_move_the_cuts_of_nirtorch_and_not_ours() -> None:
    for text, ours, theirs in (
        ("in>o>p>q>o in>p q>z", "q>o", "q>o"),
        ("in>p>o>q>p in>o q>z", "q>p", "p>o q>p"),
    ):
        links = edges(text)
        assert schedule(names(links), links, "in")[1] == set(edges(ours))
        assert schedule(names(links), links, "in", order="nirtorch")[1] == set(edges(theirs))


def test_nirtorch_waits_for_ever_where_nothing_comes() -> None:
    links = edges("in>out a>b>a")
    with pytest.raises(GraphError, match="waits for ever for what feeds a, b"):
        schedule(names(links), links, "in", order="nirtorch")
    with pytest.raises(GraphError, match="waits for ever"):
        put_back(names(links), links, "in")


def test_nirtorch_puts_back_what_sorts_before_its_feed() -> None:
    assert put_back(["b", "c", "in", "z", "out"], edges("in>z>b>c>out"), "in") == {"out"}
    assert put_back(["in", "x", "y", "z", "out"], edges("in>z>y>x>out"), "in") == {"x", "y", "out"}
    assert put_back(["in", "z", "b", "c", "out"], edges("in>z>b>c>out"), "in") == set()


def test_nirtorch_load_walks_first_edges_first_and_drops_what_it_does_not_meet() -> None:
    links = edges("in>a>out a>b>a c>a")
    order, late = schedule(names(links), links, "in", order="nirtorch.load")
    assert order == ["in", "a", "out", "b"]
    assert late == {("b", "a")}
    assert schedule(names(links), links[::-1], "in", order="nirtorch.load")[0][-1] == "out"


def test_nirtorch_load_reads_a_branch_late_that_it_meets_after_the_merge() -> None:
    links = edges("in>a>m>out in>b>m")
    assert schedule(names(links), links, "in", order="nirtorch.load") == (
        ["in", "a", "m", "out", "b"],
        {("b", "m")},
    )


def test_neighbours_keep_the_order_of_edges() -> None:
    assert neighbours(edges("a>c a>b c>b")) == {"a": ["c", "b"], "c": ["b"]}


def test_reached_includes_where_it_starts() -> None:
    links = edges("a>b>c d>c")
    assert reached(["a"], links) == {"a", "b", "c"}
    assert reached(["x", "d"], links) == {"x", "d", "c"}


def test_loops_are_told_apart() -> None:
    links = edges("in>a>b>a b>c>d>c d>e e>e e>out")
    found = loops(links)
    assert set(found) == {"a", "b", "c", "d", "e"}
    assert found["a"] == found["b"] != found["c"] == found["d"] != found["e"]
    assert loops(edges("a>b>c a>c")) == {}


def test_deep_and_wide_graphs_take_no_recursion() -> None:
    count = 20_000
    links = [(f"n{at}", f"n{at + 1}") for at in range(count)] + [(f"n{count}", "n1")]
    nodes = [f"n{at}" for at in range(count + 1)]
    for order in ("depth first", "depth first from each", "nirtorch", "nirtorch.load"):
        done, late = schedule(nodes, links, "n0", order=order)
        assert len(done) == count + 1
        assert late == {(f"n{count}", "n1")}
    assert len(set(loops(links).values())) == 1
