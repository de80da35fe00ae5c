"""Verdicts: supported, lossy with a share and its causes, or refused with reasons.

That they are true of the libraries is proved in test_presets, graph by graph.
"""

import copy

import nir
import pytest

from converter import PRESETS, PROFILES, support, to_nir
from converter.support import LOSSY, REFUSED, SUPPORTED, in_file_order
from spiking.errors import ConfigError, GraphError
from tests.converter.nir_graphs import DT, GRAPHS, affine, chain, every, lif
from tests.converter.small_models import random_net

WHO_READS = {
    "portable": {"norse", "sc_neurocore", "snntorch"},
    "split": {"sc_neurocore", "snntorch", "spikingjelly"},
    "li": {"sc_neurocore"},
    "readable": set(),
    "stepwise": {"sinabs"},
}


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_our_profiles_are_supported_by_those_that_they_name(profile: str) -> None:
    graph = to_nir(random_net(layers=2, levels=4), profile=profile)
    found = {name: support(graph, name, dt=DT) for name in PRESETS}
    assert {n for n, each in found.items() if each.state == SUPPORTED} == WHO_READS[profile]
    for each in found.values():
        assert (each.reasons == ()) == (each.state == SUPPORTED)
        assert (each.share == 0.0) == (each.state == SUPPORTED)
        assert (each.share is None) == (each.state == REFUSED)


@pytest.mark.parametrize(
    ("graph", "consumer", "causes"),
    [
        ("LIF rt", "norse", ["it ignores r, v_reset of LIF"]),
        ("LIF v_reset", "snntorch", ["it ignores v_reset of LIF"]),
        ("tie", "spikingjelly", ["it fires where the potential equals the threshold"]),
        ("LIF v_leak", "sc_neurocore", ["its potentials start elsewhere (leak)"]),
        ("rec LIF in order", "snntorch", ["it sends inputs through the recurrent weights"]),
        (
            "LIF loop",
            "sc_neurocore",
            ["it evaluates nodes in another order, which delays other edges"],
        ),
        ("delayed", "sc_neurocore", ["it cuts a loop once more where a Delay is in it"]),
        ("LIF rt", "lava", ["what enters comes late, in steps: 1 of Affine"]),
        (
            "CubaLIF rt",
            "nengo",
            [
                "it integrates in the other way (exponential)",
                "what enters comes late, in steps: 1 of CubaLIF",
            ],
        ),
        (
            "CubaLIF v_leak",
            "norse",
            ["its potentials start elsewhere (leak)", "its synaptic currents leak to v_leak"],
        ),
        (
            "LIF rt",
            "spyx",
            [
                "it fires from the potential before the step",
                "it resets in the other way (subtract)",
            ],
        ),
        (
            "IF",
            "sinabs",
            [
                "its neurons fire several times in a step",
                "it resets in the other way (subtract)",
                "its potentials stay above -v_threshold",
            ],
        ),
        (
            "packed output first",
            "norse",
            [
                "it evaluates nodes in another order, which delays other edges",
                "it answers with the node that it evaluates last, not with the output",
            ],
        ),
    ],
)
def test_a_loss_is_traced_to_its_habits(graph: str, consumer: str, causes: list[str]) -> None:
    found = support(GRAPHS[graph](), consumer, dt=DT)
    assert found.state == LOSSY
    assert 0.0 < found.share < 1.0
    assert list(found.reasons) == causes


def test_the_verdict_is_on_the_file_whatever_the_order_in_memory() -> None:
    graph = GRAPHS["LIF loop"]()
    for names in (sorted(graph.nodes), sorted(graph.nodes)[::-1]):
        nodes = {name: graph.nodes[name] for name in names}
        turned = nir.NIRGraph(nodes, list(graph.edges))
        assert support(turned, "norse", dt=DT) == support(graph, "norse", dt=DT)
        assert list(in_file_order(turned).nodes) == sorted(graph.nodes)


def test_graphs_within_are_judged_as_they_are() -> None:
    assert support(GRAPHS["nested CubaLIF"](), "norse", dt=DT).state == SUPPORTED
    refused = support(GRAPHS["nested CubaLIF"](), "snntorch", dt=DT)
    assert refused.reasons == ("it does not run graphs within a graph (rnn)",)


def test_what_nirtorch_waits_for_is_refused_and_not_waited_for() -> None:
    graph = GRAPHS["LIF rt"]()
    graph.nodes |= {"a": affine(8, 8), "b": affine(8, 8)}
    graph.edges += [("a", "b"), ("b", "a")]
    for name in ("snntorch", "spikingjelly"):
        found = support(graph, name, dt=DT)
        assert (found.state, found.share) == (REFUSED, None)
        assert "waits for ever for what feeds a, b" in found.reasons[0]


def test_a_seed_chooses_the_probe() -> None:
    shares = {support(GRAPHS["LIF rt"](), "norse", dt=DT, seed=seed).share for seed in range(3)}
    assert len(shares) == 3


def test_bad_requests_are_named() -> None:
    with pytest.raises(ConfigError, match=r"'brian' is not known; choose one of .*'snntorch'"):
        support(GRAPHS["LIF rt"](), "brian", dt=DT)
    broken = copy.deepcopy(GRAPHS["LIF rt"]())
    broken.edges.clear()
    with pytest.raises(GraphError, match="not reached"):
        support(broken, "norse", dt=DT)


def test_a_graph_that_never_fires_is_not_called_supported_for_its_outputs() -> None:
    """An analog output tells where no spike does."""
    li = nir.LI(every(1e-3), every(2.0), every(0.0))
    graph = chain(affine(8, 6), li)
    assert support(graph, "sc_neurocore", dt=DT).state == SUPPORTED
    assert support(graph, "nengo", dt=DT).state == LOSSY
    # and where nothing tells at all, lint says so
    dead = lif()
    dead.v_threshold = every(1e12)
    assert support(chain(affine(8, 6), dead), "norse", dt=DT).share == 0.0
