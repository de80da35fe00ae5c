"""What a library refuses is said in words; that it does so is proved in test_presets."""

import nir
import numpy as np
import pytest

from converter import PRESETS, PROFILES, to_nir
from converter.nir_flat import flattened
from converter.refusals import INNER, REFUSALS
from tests.converter.nir_graphs import (
    DT,
    GRAPHS,
    INPUTS,
    UNITS,
    affine,
    chain,
    cuba,
    every,
    graph,
    lif,
    nested,
)
from tests.converter.small_models import random_net


def reasons(consumer: str, given: nir.NIRGraph, dt: float = DT) -> list[str]:
    said = [why for rule in REFUSALS[consumer] for why in rule(flattened(given), dt)]
    return said + (INNER[consumer](given, dt) if consumer in INNER else [])


def test_every_preset_has_its_rules() -> None:
    assert REFUSALS.keys() == PRESETS.keys()
    assert INNER.keys() <= PRESETS.keys()


def with_field(node: nir.NIRNode, field: str, value: float, at: int | None = None) -> nir.NIRGraph:
    """A neuron behind an Affine, with one number changed, of all neurons or of one."""
    getattr(node, field)[slice(None) if at is None else at] = value
    return chain(affine(UNITS, INPUTS), node)


def integrate() -> nir.IF:
    return nir.IF(r=every(1 / DT), v_threshold=every(1.0), v_reset=every(0.0))


def two_outputs() -> nir.NIRGraph:
    nodes = {"a": affine(UNITS, INPUTS), "b": lif(), "c": lif()}
    return graph(nodes, "input>a>b>output a>c>output")


@pytest.mark.parametrize(
    ("consumer", "given", "said"),
    [
        ("lava", GRAPHS["LI"](), "does not understand LI"),
        ("lava", GRAPHS["nested LIF"](), "graphs within a graph (rnn)"),
        ("lava", chain(affine(UNITS, INPUTS), lif(), lif()), "n2 is fed without an Affine"),
        (
            "lava",
            with_field(cuba(), "tau_syn", 9e-4, 0),
            "one tau_syn in every CubaLIF; not so in n1",
        ),
        ("lava", with_field(lif(), "v_reset", -0.5), "v_reset = 0 in every LIF"),
        ("nengo", GRAPHS["rec LIF"](), "a loop without a filter: lif, rec"),
        ("nengo", with_field(lif(), "v_leak", 0.5), "v_leak = 0 in every LIF"),
        ("norse", GRAPHS["merge"](), "does not understand LI"),
        ("sc_neurocore", GRAPHS["rec CubaLIF early"](), "back starts without a batch"),
        ("sinabs", GRAPHS["packed"](), "does not understand CubaLIF"),
        ("sinabs", GRAPHS["LIF Linear"](), "does not understand Linear"),
        ("sinabs", with_field(lif(), "v_reset", -0.5), "v_reset = 0 in every LIF"),
        ("sinabs", with_field(lif(), "v_threshold", 0.0, 2), "v_threshold > 0 in every LIF"),
        (
            "sinabs",
            chain(affine(UNITS, INPUTS), nir.LI(every(1e-3), every(2.0), every(0.0))),
            "r = 1 in every LI",
        ),
        ("snntorch", GRAPHS["IF"](), "does not understand IF"),
        ("snntorch", two_outputs(), "does not add up what feeds the output"),
        ("snntorch", GRAPHS["nested LIF in order"](), "graphs within a graph"),
        ("snntorch", GRAPHS["rec LIF"](), "it builds lif twice"),
        ("snntorch", GRAPHS["LIF loop"](), "in its order cell starts without a batch"),
        ("snntorch", with_field(lif(), "v_leak", 0.5), "v_leak = 0 in every LIF"),
        ("snntorch", with_field(lif(), "v_threshold", 2.0, 1), "one v_threshold in every LIF"),
        ("snntorch", with_field(cuba(), "r", 3.0), "r = tau_mem/dt in every CubaLIF"),
        ("snntorch", with_field(cuba(), "w_in", 3.0, 4), "one threshold over w_in dt/tau_syn"),
        ("spikingjelly", two_outputs(), "does not add up what feeds the output"),
        ("spikingjelly", GRAPHS["nested LIF"](), "it builds rnn twice"),
        ("spikingjelly", GRAPHS["LIF loop"](), "starts without a batch"),
        ("spikingjelly", GRAPHS["packed"](), "one tau_syn in every CubaLIF; not so in n4_cell"),
        ("spikingjelly", with_field(lif(), "tau", DT), "tau > dt in every LIF"),
        ("spikingjelly", with_field(lif(), "v_reset", -0.5), "v_leak = v_reset in every LIF"),
        ("spikingjelly", with_field(lif(), "r", 3.0), "r = 1 or r = tau/dt in every LIF"),
        (
            "spikingjelly",
            with_field(cuba(), "tau_syn", 0.5 * DT),
            "of at least dt in every CubaLIF",
        ),
        ("spikingjelly", with_field(cuba(), "w_in", 3.0), "w_in = tau_syn/dt in every CubaLIF"),
        ("spikingjelly", with_field(cuba(), "v_leak", 0.5), "v_leak = 0 in every CubaLIF"),
        ("spikingjelly", with_field(integrate(), "r", 1.0), "r = 1/dt in every IF"),
        ("spyx", GRAPHS["rec LIF"](), "follows the first edge of each node"),
        ("spyx", GRAPHS["all kinds"](), "does not understand CubaLI, I, Scale, Threshold"),
        ("spyx", nested(lif()), "graphs within a graph"),
    ],
)
def test_a_refusal_names_what_is_in_the_way(consumer: str, given, said: str) -> None:
    assert said in "; ".join(reasons(consumer, given))


@pytest.mark.parametrize("consumer", sorted(PRESETS))
def test_a_plain_chain_is_refused_by_nobody(consumer: str) -> None:
    for node in (lif(), cuba()):
        given = chain(affine(UNITS, INPUTS), node)
        wanted = ["it does not understand CubaLIF"] if consumer == "sinabs" else []
        assert reasons(consumer, given) == (wanted if isinstance(node, nir.CubaLIF) else [])


def test_the_step_of_snntorch_is_its_own() -> None:
    given = chain(affine(UNITS, INPUTS), lif())
    assert reasons("snntorch", given, 1e-3) == ["it steps by 1e-4 s, this graph by 0.001 s"]


def test_many_nodes_are_counted() -> None:
    nodes = [nir.Linear(np.ones((UNITS, INPUTS)))] + [
        nir.LI(every(1e-3), every(2.0), every(0.0))
    ] * 7
    _, said = reasons("sinabs", chain(*nodes))
    assert said == "it wants r = 1 in every LI; not so in n1, n2, n3 and 4 more"


READERS = {
    "portable": {"nengo", "norse", "sc_neurocore", "snntorch"},
    "split": {"lava", "nengo", "sc_neurocore", "spikingjelly"},
    "li": {"nengo", "sc_neurocore"},
    "readable": {"sc_neurocore"},
    "stepwise": {"sinabs"},
}


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_our_profiles_are_refused_by_nobody_that_they_are_written_for(profile: str) -> None:
    given = to_nir(random_net(layers=2, levels=4), profile=profile)
    taken = {name for name in PRESETS if not reasons(name, given)}
    assert READERS[profile] <= taken
