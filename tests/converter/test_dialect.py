"""A file of an older release holds what that release reads and nothing else.

Proved once with the releases themselves: nir 1.0.4 reads every profile in dialect 1.0.4 and fails
on all but `readable` in 1.0.8; nir 1.0.0 reads both; nir 0.2.0 reads both and takes every w_in
for 1.
"""

import copy

import h5py
import nir
import numpy as np
import pytest

from converter import PROFILES, read_nir, round_trip, run_nir, to_nir, write_nir
from converter.dialect import DIALECTS, dialect_named
from spiking.errors import ConfigError, ExportError
from tests.converter.nir_graphs import DT, GRAPHS, INPUTS, rng
from tests.converter.small_models import random_net

# what the node classes of nir 1.0.4 take, copied from that release
FIELDS_1_0_4 = {
    "Affine": {"weight", "bias"},
    "CubaLI": {"tau_syn", "tau_mem", "r", "v_leak", "w_in"},
    "CubaLIF": {"tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "w_in"},
    "Delay": {"delay"},
    "I": {"r"},
    "IF": {"r", "v_threshold"},
    "Input": {"shape"},
    "LI": {"tau", "r", "v_leak"},
    "LIF": {"tau", "r", "v_leak", "v_threshold"},
    "Linear": {"weight"},
    "NIRGraph": {"nodes", "edges"},
    "Output": {"shape"},
    "Scale": {"scale"},
    "Threshold": {"threshold"},
}


def unread(group: h5py.Group) -> list[str]:
    """Data sets over which nir 1.0.4 would stumble."""
    kind = group["type"][()].decode()
    found = [
        f"{group.name}/{n}" for n in group if n not in FIELDS_1_0_4[kind] | {"type", "metadata"}
    ]
    return found + [each for node in group.get("nodes", {}).values() for each in unread(node)]


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_an_older_dialect_holds_only_what_it_knows(profile: str, tmp_path) -> None:
    for dialect in DIALECTS:
        path = tmp_path / f"{dialect}.nir"
        write_nir(to_nir(random_net(layers=2, levels=4), profile=profile, dialect=dialect), path)
        with h5py.File(path) as file:
            assert file["version"][()] == dialect.encode()
            assert (unread(file["node"]) == []) == (dialect == "1.0.4" or profile == "readable")
        assert (
            read_nir(path).nodes.keys()
            == to_nir(random_net(layers=2, levels=4), profile=profile).nodes.keys()
        )


@pytest.mark.parametrize("name", ["nested LIF", "nested CubaLIF", "all kinds", "IF", "delayed"])
def test_graphs_of_others_are_written_for_it_as_well(name: str, tmp_path) -> None:
    graph, x = GRAPHS[name](), rng().random((2, 40, INPUTS)) < 0.5
    write_nir(graph, tmp_path / "x.nir", dialect="1.0.4")
    with h5py.File(tmp_path / "x.nir") as file:
        assert unread(file["node"]) == []
    again = read_nir(tmp_path / "x.nir")
    wanted, found = run_nir(graph, x, dt=DT), run_nir(again, x, dt=DT)
    for node, fired in wanted.spikes.items():
        assert np.array_equal(found.spikes[node], fired)


def test_numbers_that_it_cannot_say_are_all_named(tmp_path) -> None:
    graph = GRAPHS["nested LIF"]()
    graph.nodes["rnn"].nodes["lif"].v_reset[:] = -0.25
    graph.nodes["more"] = copy.deepcopy(graph.nodes["rnn"].nodes["lif"])
    graph.nodes["a/b"] = nir.Linear(np.eye(2))
    said = r"1\.0\.4 cannot say.*rnn/lif\.v_reset that is not 0.*1\.0\.8.*more\.v_reset.*'a/b'"
    with pytest.raises(ExportError, match=said):
        write_nir(graph, tmp_path / "x.nir", dialect="1.0.4")
    assert list(tmp_path.iterdir()) == []


def test_the_graph_itself_is_left_as_it_was() -> None:
    graph = GRAPHS["nested CubaLIF"]()
    before = copy.deepcopy(graph)
    for dialect in DIALECTS:
        graph.metadata = {}
        round_trip(graph)
        write = to_nir(random_net(), dialect=dialect)
        round_trip(write)
    for name, node in before.nodes["rnn"].nodes.items():
        assert vars(graph.nodes["rnn"].nodes[name]).keys() == vars(node).keys()


def test_single_numbers_are_written_which_nir_alone_cannot(tmp_path) -> None:
    graph, x = GRAPHS["LIF rt"](), rng().random((2, 40, INPUTS))
    wanted = run_nir(graph, x, dt=DT)
    for field in ("tau", "r", "v_leak", "v_threshold", "v_reset"):
        setattr(graph.nodes["n1"], field, np.array(getattr(graph.nodes["n1"], field)[0]))
    with pytest.raises(TypeError):
        nir.write(tmp_path / "x.nir", graph)
    write_nir(graph, tmp_path / "y.nir")
    again = read_nir(tmp_path / "y.nir")
    assert np.shape(again.nodes["n1"].tau) == ()
    assert np.array_equal(run_nir(again, x, dt=DT).spikes["n1"], wanted.spikes["n1"])
    assert nir.read(tmp_path / "y.nir", type_check=False).nodes["n1"].tau == 8e-4


@pytest.mark.parametrize("name", ["", ".", "a/b", "/"])
def test_names_that_hdf5_parts_are_refused_before_they_are_lost(name: str, tmp_path) -> None:
    graph = nir.NIRGraph({name: nir.Linear(np.eye(2))}, [], type_check=False)
    with pytest.raises(ExportError, match="use letters"):
        write_nir(graph, tmp_path / "x.nir")


def test_what_nir_cannot_write_is_our_error(tmp_path) -> None:
    graph = GRAPHS["LIF rt"]()
    graph.metadata = {"why": None}
    with pytest.raises(ExportError, match="could not write"):
        write_nir(graph, tmp_path / "x.nir")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_dialect_is_told_of_the_known_ones(tmp_path) -> None:
    for ask in (
        lambda: to_nir(random_net(), dialect="2.0"),
        lambda: write_nir(to_nir(random_net()), tmp_path / "x.nir", dialect="2.0"),
        lambda: dialect_named("2.0"),
    ):
        with pytest.raises(ConfigError, match=r"'2\.0' is not known.*'1\.0\.4', '1\.0\.8'"):
            ask()
