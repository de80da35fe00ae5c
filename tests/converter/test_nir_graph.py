"""A network goes into a NIR graph and comes back as it was; other graphs are refused by name."""

import json
from collections.abc import Callable
from typing import Any

import nir
import numpy as np
import pytest
import torch

from converter import PROFILES, convert, from_nir, populations, read_nir, to_nir, write_nir
from converter.nir_graph import METADATA_KEY, semantics_of
from converter.semantics import LITERAL
from spiking import Population, SpikingNetwork
from spiking.errors import ConfigError, ExportError, GraphError, GridError
from tests.converter.small_models import numbers, random_net, random_rate, same_numbers


@pytest.mark.parametrize("levels", [2, 6, 16])
@pytest.mark.parametrize(
    "words",
    [{}, {"layers": 2}, {"layers": 3, "readout": False}, {"activation": "hard_sigmoid"}],
)
def test_round_trip_is_exact(levels: int, words: dict[str, Any], tmp_path: Any) -> None:
    net = random_net(levels, levels=levels, **words)
    state = torch.get_rng_state()
    write_nir(to_nir(net), tmp_path / "x.nir")
    for found in (from_nir(to_nir(net)), from_nir(read_nir(tmp_path / "x.nir"))):
        assert isinstance(found, SpikingNetwork)
        assert same_numbers(numbers(found), numbers(net))
        assert (found.code, found.grid) == (net.code, net.grid)
        assert found.stack[0].activation == net.stack[0].activation
        assert [layer.below for layer in found.stack] == [layer.below for layer in net.stack]
    assert torch.equal(torch.get_rng_state(), state)


def test_numbers_are_copied() -> None:
    net = random_net()
    before = numbers(net)
    for node in to_nir(net).nodes.values():
        if isinstance(node, nir.Affine):
            node.weight += 1.0
            node.bias += 1.0
    assert same_numbers(numbers(net), before)


def off_the_grid() -> SpikingNetwork:
    net = random_net()
    with torch.no_grad():
        net.stack[0].weight_hh[1, 2] += 2.0**-17
    return net


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (lambda: convert(random_rate()).network, ExportError, "call quantize"),
        (lambda: random_net(two_sided=False), ExportError, "one-sided.*two_sided=True"),
        (lambda: random_net(layers=11, hidden=1), ExportError, "11 layers"),
        (off_the_grid, GridError, r"layers\.0\.weight_hh: 1 of 75"),
    ],
)
def test_what_the_profile_cannot_carry_is_refused(
    made: Callable[[], SpikingNetwork], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        to_nir(made())


@pytest.mark.parametrize("dt", [0.0, -1e-4, float("inf"), float("nan")])
def test_step_that_is_no_time_is_refused(dt: float) -> None:
    with pytest.raises(ConfigError, match="dt is"):
        to_nir(random_net(), dt=dt)


def test_populations_have_their_neurons() -> None:
    net = random_net(levels=4, hidden=2)
    gates = np.arange(2 * 3 * 24).reshape(2, 3, 24) % 5 == 0
    cells = np.arange(2 * 3 * 16).reshape(2, 3, 16) % 3 == 0
    found = populations({"l0_n2_gates": gates, "l0_n4_cell": cells}, net)
    assert list(found) == ["l0.z", "l0.i", "l0.o", "l0.s", "l0.relay"]
    for at, name in enumerate("zio"):
        for unit in range(2):
            first = (2 * at + unit) * 4
            assert np.array_equal(found[f"l0.{name}"][:, :, unit], gates[..., first : first + 4])
    assert np.array_equal(found["l0.relay"][:, :, 1], cells[..., 12:])
    assert np.array_equal(found["l0.s"][:, :, 0], cells[..., :4])


def arrays(graph: nir.NIRGraph) -> dict[tuple[str, str], np.ndarray]:
    """Every array of every node."""
    return {
        (name, field): value
        for name, node in graph.nodes.items()
        for field, value in vars(node).items()
        if isinstance(value, np.ndarray)
    }


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_any_changed_number_is_named_or_means_another_network(profile: str) -> None:
    graph = to_nir(random_net(hidden=2, levels=4), profile=profile)
    refused = 0
    for (name, field), value in arrays(graph).items():
        kept = value.flat[0]
        value.flat[0] += 0.5
        try:
            again = to_nir(from_nir(graph), profile=profile)
        except (GraphError, GridError):
            refused += 1
        else:
            for place, found in arrays(again).items():
                assert np.array_equal(found, arrays(graph)[place]), (name, field)
            assert name.startswith("n6_readout"), (name, field)
        value.flat[0] = kept
    assert refused > 0.9 * len(arrays(graph))
    assert same_numbers(numbers(from_nir(graph)), numbers(random_net(hidden=2, levels=4)))


def test_a_node_too_many_or_of_another_kind_is_named() -> None:
    graph = to_nir(random_net())
    graph.nodes["more"] = nir.Linear(np.eye(2))
    with pytest.raises(GraphError, match=r"nodes \['more'\] are missing or not of the portable"):
        from_nir(graph)
    graph = to_nir(random_net(), profile="readable")
    graph.nodes["l0_h"] = nir.Delay(graph.nodes["l0_h"].scale)
    with pytest.raises(GraphError, match="node 'l0_h' is a Delay"):
        from_nir(graph)


def test_other_edges_and_missing_nodes_are_named() -> None:
    graph = to_nir(random_net())
    graph.edges.append(("input", "output"))
    with pytest.raises(GraphError, match="edges are not those"):
        from_nir(graph)
    graph = to_nir(random_net())
    del graph.nodes["l0_n5_rec"]
    with pytest.raises(GraphError, match="l0_n5_rec"):
        from_nir(graph)


def changed(change: Callable[[dict[str, Any]], object]) -> nir.NIRGraph:
    graph = to_nir(random_net(levels=4))
    advice = json.loads(graph.metadata[METADATA_KEY])
    change(advice)
    graph.metadata[METADATA_KEY] = json.dumps(advice)
    return graph


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.update(schema=2), "schema 2"),
        (lambda a: a.update(profile="round"), "metadata of"),
        (lambda a: a.update(profile="split"), "split profile's nodes: .*l0_n4_cell"),
        (lambda a: a.pop("levels"), "levels"),
        (lambda a: a.update(levels=4.0), "levels"),
        (lambda a: a.update(levels=10**12), "25000000000000 weights, more than any"),
        (lambda a: a.update(levels=0), "not positive"),
        (lambda a: a.update(hidden=[]), "not positive"),
        (lambda a: a.update(hidden="55"), "hidden"),
        (lambda a: a.update(hidden=[5, 5]), "l1_n1_in"),
        (lambda a: a.update(hidden=[6]), "does not have the portable profile's nodes"),
        (lambda a: a.update(dt=-1.0), "not positive"),
        (lambda a: a.update(dt=None), "dt"),
        (lambda a: a.update(activation="tanh"), "tanh"),
        (lambda a: a.pop("activation"), "activation"),
        (lambda a: a.update(grid=[1]), "grid"),
        (lambda a: a["grid"].update(weight_bits="x"), "weight_bits|supported|profile"),
        (lambda a: a["grid"].update(colour=1), "colour"),
        (lambda a: a["grid"].update(input_bits=-1), "input_bits"),
        (lambda a: a.update(readout=1), "readout"),
        (lambda a: a.update(two_sided="no"), "two_sided"),
        (lambda a: a.update(two_sided=False), "no network of this profile: a one-sided"),
        (lambda a: a.update(dialect=7), "dialect"),
        (lambda a: a.update(hidden=[10**6], levels=1, two_sided=False), "1000000000000 weights"),
        (lambda a: a.update(hidden=[5] * 100_000), "l1_n1_in"),
    ],
)
def test_forged_metadata_are_named(
    change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        from_nir(changed(change))


def test_grid_that_the_numbers_do_not_keep_is_named() -> None:
    with pytest.raises(GridError, match="lie off the grid"):
        from_nir(changed(lambda a: a["grid"].update(weight_bits=1)))


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", "[" * 100_000])
def test_graph_without_our_metadata_is_sent_to_run_nir(text: str | None) -> None:
    graph = to_nir(random_net())
    graph.metadata = {} if text is None else {METADATA_KEY: text}
    with pytest.raises(GraphError, match="metadata"):
        from_nir(graph)


def test_code_and_grid_come_back_from_the_metadata() -> None:
    found = from_nir(changed(lambda _: None))
    assert found.code == Population(levels=4)


def test_the_semantics_of_a_graph_are_those_of_its_profile() -> None:
    for name, profile in PROFILES.items():
        assert semantics_of(to_nir(random_net(), profile=name)) == profile.semantics
    stranger = nir.NIRGraph({"w": nir.Linear(np.eye(2))}, [], type_check=False)
    assert semantics_of(stranger) == LITERAL
