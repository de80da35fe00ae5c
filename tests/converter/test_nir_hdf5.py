"""NIR files of every release are read; one that is something else is refused by name."""

import importlib.util
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from converter import read_nir, run_nir, write_nir
from converter.nir_flat import flattened
from converter.nir_hdf5 import open_nir
from spiking.errors import GraphError
from tests.converter.nir_graphs import DT, GRAPHS, INPUTS, chain, lif, rng

RELEASES = Path(__file__).parent / "nir_releases"
MADE = importlib.util.spec_from_file_location("make", RELEASES / "make.py")
MAKE = importlib.util.module_from_spec(MADE)
MADE.loader.exec_module(MAKE)


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "x.nir"
    write_nir(GRAPHS["rec CubaLIF"](), found)
    return found


def changed(path, change) -> None:
    with h5py.File(path, "r+") as file:
        change(file)


@pytest.mark.parametrize("release", ["0.2.0", "1.0.0", "1.0.4", "1.0.6", nir.version])
def test_files_of_every_release_run_alike(release: str, tmp_path) -> None:
    file = RELEASES / f"{release}.nir"
    if release == nir.version:
        file = tmp_path / "x.nir"
        nir.write(file, MAKE.graph())
    with h5py.File(file) as opened:
        assert opened["version"][()] == release.encode()
    x = rng().normal(size=(2, 30, 3))
    wanted = run_nir(MAKE.graph(), x, dt=DT)
    found = run_nir(read_nir(file, unit="s", dt=DT), x, dt=DT)
    assert set(found.spikes) == {"lif", "rnn_cell"}
    for name, fired in wanted.spikes.items():
        assert fired.any()
        assert np.array_equal(found.spikes[name], fired)
    assert np.array_equal(found.output, wanted.output)


def test_a_version_is_no_promise_and_none_is_asked_for(path) -> None:
    wanted = open_nir(path).nodes.keys()
    changed(path, lambda file: file.__delitem__("version"))
    assert open_nir(path).nodes.keys() == wanted
    changed(path, lambda file: file.__setitem__("version", "99.0"))
    assert open_nir(path).nodes.keys() == wanted


def test_every_kind_of_node_is_read_with_its_numbers(tmp_path) -> None:
    pool = np.array([2, 2])
    nodes = {
        "avg": nir.AvgPool2d(kernel_size=pool, stride=pool, padding=0 * pool),
        "conv1": nir.Conv1d(8, np.ones((2, 2, 3)), 1, 0, 1, 1, np.zeros(2)),
        "conv2": nir.Conv2d((8, 8), np.ones((2, 2, 3, 3)), 1, 0, 1, 1, np.zeros(2)),
        "flat": nir.Flatten({"input": np.array([2, 4, 4])}, 0, -1),
        "input": nir.Input({"input": np.array([2, 8, 8])}),
        "output": nir.Output({"output": np.array([32])}),
        "sum": nir.SumPool2d(kernel_size=pool, stride=pool, padding=0 * pool),
    }
    nodes |= {name: node for name, node in GRAPHS["all kinds"]().nodes.items() if "put" not in name}
    graph = nir.NIRGraph(nodes, [("input", "output")], type_check=False)
    nir.write(tmp_path / "x.nir", graph)
    found = open_nir(tmp_path / "x.nir")
    for name, node in nodes.items():
        again = found.nodes[name]
        assert type(again) is type(node)
        for field, value in node.to_dict().items():
            if field not in ("metadata", "type"):
                assert np.array_equal(again.to_dict()[field], value), (name, field)
    changed(tmp_path / "x.nir", lambda file: file.__delitem__("node/nodes/conv2/input_shape"))
    assert open_nir(tmp_path / "x.nir").nodes["conv2"].input_shape is None


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.float16, np.float32, np.int64, bool])
def test_the_type_of_numbers_survives(kind, tmp_path) -> None:
    weight = np.array([[1, 0], [0, 1]], dtype=kind)
    graph = nir.NIRGraph({"w": nir.Linear(weight)}, [], type_check=False)
    write_nir(graph, tmp_path / "x.nir")
    assert open_nir(tmp_path / "x.nir").nodes["w"].weight.dtype == kind


def test_metadata_survive_where_nir_itself_loses_them(tmp_path) -> None:
    graph = GRAPHS["LIF rt"]()
    graph.metadata = {
        "text": "ä",
        "texts": ["a", "b"],
        "number": 3,
        "array": np.arange(4.0),
        "deep": {"er": {"still": "here"}},
    }
    graph.nodes["n1"].metadata = {"about": "a neuron"}
    write_nir(graph, tmp_path / "x.nir")
    found = open_nir(tmp_path / "x.nir")
    assert found.metadata["text"] == "ä"
    assert found.metadata["texts"] == ["a", "b"]
    assert found.metadata["number"] == 3
    assert np.array_equal(found.metadata["array"], np.arange(4.0))
    assert found.metadata["deep"] == {"er": {"still": "here"}}
    assert found.nodes["n1"].metadata == {"about": "a neuron"}
    write_nir(found, tmp_path / "y.nir")
    assert repr(open_nir(tmp_path / "y.nir").metadata) == repr(found.metadata)


def kind_of(name: str, kind: str):
    def change(file) -> None:
        del file[f"node/nodes/{name}/type"]
        file[f"node/nodes/{name}/type"] = kind

    return change


def edges(value):
    def change(file) -> None:
        del file["node/edges"]
        file["node/edges"] = value

    return change


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda f: f.__delitem__("node"), "holds no node"),
        (lambda f: f.__delitem__("node/type"), "/node is no node"),
        (lambda f: f.__delitem__("node/edges"), "a graph without edges"),
        (lambda f: f.__delitem__("node/nodes"), "a graph without nodes"),
        (lambda f: f.__delitem__("node/nodes/lif/type"), "/node/nodes/lif is no node.*'/'"),
        (kind_of("lif", "Quantum"), "/node/nodes/lif: nir .* makes no Quantum"),
        (kind_of("lif", "NIRNode"), "makes no NIRNode"),
        (kind_of("lif", "__class__"), "makes no __class__"),
        (kind_of("lif", "LIF"), "makes no LIF of .*tau_mem"),
        (lambda f: f.__delitem__("node/nodes/lif/tau_mem"), "makes no CubaLIF of.*tau_mem"),
        (lambda f: f.__setitem__("node/nodes/lif/foo", [1.0]), "makes no CubaLIF of foo"),
        (lambda f: f.__setitem__("node/nodes/lif/a/b", [1.0]), "holds a group called a"),
        (lambda f: f.__setitem__("node/nodes/lif/more", "text"), "makes no CubaLIF of more"),
        (lambda f: f.__delitem__("node/nodes/input/shape"), "makes no Input"),
        (lambda f: f.__setitem__("node/nodes/stray", 3.0), "/node/nodes/stray is no node"),
        (lambda f: f.__setitem__("node/metadata", 3.0), "metadata that are no dictionary"),
        (edges(np.zeros((2, 2))), "no list of text"),
        (edges([("a", "b", "c")]), r"edges of shape \(1, 3\)"),
        (edges("input>lif"), r"edges of shape \(\)"),
        (edges(np.full((200_001, 2), b"lif")), r"edges of shape \(200001, 2\)"),
        (edges([("input", "nowhere")]), "nowhere names a node that is not there"),
        (edges([("input", "fc"), ("input", "fc")]), "input -> fc stands twice"),
    ],
)
def test_what_is_missing_or_of_the_wrong_kind_is_named(path, change, match: str) -> None:
    changed(path, change)
    with pytest.raises(GraphError, match=match):
        read_nir(path)


def test_no_edges_at_all_are_read(tmp_path) -> None:
    graph = nir.NIRGraph({"w": nir.Linear(np.eye(2))}, [], type_check=False)
    nir.write(tmp_path / "x.nir", graph)
    assert open_nir(tmp_path / "x.nir").edges == []


def test_names_that_hdf5_parted_are_named_with_the_reason(tmp_path) -> None:
    graph = nir.NIRGraph({"a/b": nir.Linear(np.eye(2))}, [], type_check=False)
    nir.write(tmp_path / "x.nir", graph)
    with pytest.raises(GraphError, match="/node/nodes/a is no node; a name with '/' is parted"):
        open_nir(tmp_path / "x.nir")


def test_a_single_node_is_no_graph(tmp_path) -> None:
    nir.write(tmp_path / "x.nir", nir.Linear(np.eye(2)))
    with pytest.raises(GraphError, match="/node is a single Linear, not a graph"):
        open_nir(tmp_path / "x.nir")


def test_an_inner_graph_of_the_paper_that_names_absent_nodes_is_refused(tmp_path) -> None:
    """As braille_noDelay_bias_zero_subgraph.nir, which nobody can read any more."""
    graph = GRAPHS["nested CubaLIF"]()
    inner = graph.nodes["rnn"]
    inner.nodes["lif1"] = inner.nodes.pop("lif")
    nir.write(tmp_path / "x.nir", graph)
    with pytest.raises(GraphError, match="rnn_input -> rnn_lif names a node that is not there"):
        read_nir(tmp_path / "x.nir")


def test_nesting_is_bounded(tmp_path) -> None:
    graph = chain(nir.Linear(np.ones((8, INPUTS))), lif())
    for _ in range(40):
        ends = {
            "input": nir.Input({"input": np.array([INPUTS])}),
            "output": nir.Output({"output": np.array([8])}),
        }
        graph = nir.NIRGraph(
            ends | {"g": graph}, [("input", "g"), ("g", "output")], type_check=False
        )
    with pytest.raises(GraphError, match="more than 32 deep"):
        flattened(graph)
    nir.write(tmp_path / "x.nir", graph)
    with pytest.raises(GraphError, match="more than 32 deep"):
        open_nir(tmp_path / "x.nir")


def test_metadata_are_bounded_in_depth(path) -> None:
    changed(path, lambda file: file.create_group("node/metadata/" + "/".join("abcdefgh" * 5)))
    with pytest.raises(GraphError, match="too deep"):
        open_nir(path)


def test_a_missing_truncated_or_other_file_is_named(path, tmp_path) -> None:
    with pytest.raises(GraphError, match="no such file"):
        open_nir(tmp_path / "none.nir")
    with pytest.raises(GraphError, match="no such file"):
        open_nir(tmp_path)
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(GraphError, match=r"x\.nir: not a readable NIR file.*whole"):
            open_nir(path)
    path.write_bytes(b"PK\x03\x04" + whole[4:])
    with pytest.raises(GraphError, match=r"x\.nir: not a readable NIR file"):
        open_nir(path)
