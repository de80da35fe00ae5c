"""The rules as a table; each is proved on a planted fault in test_lint."""

import nir
import numpy as np

from converter import to_nir
from converter.lint_rules import (
    BEHAVIOUR,
    MEANING,
    STRUCTURE,
    has_every_node_between_input_and_output,
    has_state_in_every_loop,
    has_time_constants_of_at_least_a_step,
    has_time_constants_that_end,
    means_the_same_in_every_order,
)
from converter.trial import tried
from tests.converter.nir_graphs import DT, GRAPHS, UNITS, affine, every
from tests.converter.small_models import random_net


def test_every_rule_is_a_sentence_with_a_remedy() -> None:
    for rule in (*STRUCTURE, *MEANING, *BEHAVIOUR):
        assert rule.name.split()[0] in ("has", "means", "survives")
        assert rule.severity in ("error", "warning")
        assert rule.remedy
        assert rule.broken.__doc__


def test_time_constants_are_measured_in_steps() -> None:
    graph = GRAPHS["LIF rt"]()
    graph.nodes["n1"].tau = np.array([0.5, 1, 2, 3, 4, 5, 6, 20_001]) * DT
    ((where, what),) = has_time_constants_of_at_least_a_step(graph, DT)
    assert (where, what) == ("n1.tau", "1 of 0.5 to 0.5 steps of 0.0001 s")
    assert has_time_constants_that_end(graph, DT)[0][0] == "n1.tau"
    assert has_time_constants_of_at_least_a_step(graph, DT / 2) == []
    steps = to_nir(random_net(), profile="stepwise")
    assert has_time_constants_of_at_least_a_step(steps, DT) == []


def test_a_delay_holds_state_if_it_is_a_step_long() -> None:
    graph = GRAPHS["delayed"]()
    graph.nodes["lif"] = nir.Scale(every(1.0))
    assert has_state_in_every_loop(graph, DT) == []
    graph.nodes["wait"].delay = every(0.1 * DT)
    names = [where for where, _ in has_state_in_every_loop(graph, DT)]
    assert names == ["lif", "rec", "wait"]


def test_ways_are_told_apart() -> None:
    graph = GRAPHS["LIF rt"]()
    graph.nodes |= {"to": affine(UNITS, UNITS), "from": affine(UNITS, UNITS)}
    graph.edges += [("n1", "to"), ("from", "n1")]
    assert has_every_node_between_input_and_output(graph, DT) == [
        ("from", "is not reached from the input"),
        ("to", "leads to no output"),
    ]


def test_both_orders_are_tried() -> None:
    found = means_the_same_in_every_order(tried(GRAPHS["LIF loop"](), dt=DT))
    assert [what.split(":")[0] for _, what in found] == [
        "nodes in alphabetical order",
        "nodes in reversed order",
    ]
    assert means_the_same_in_every_order(tried(GRAPHS["packed"](), dt=DT)) == []
