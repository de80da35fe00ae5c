"""A NIR file is proved by running it; a broken or hostile one is refused by name."""

import h5py
import nir
import numpy as np
import pytest
import torch

from converter import export_nir, read_nir, to_nir, verify_nir, write_nir
from spiking.errors import DriftError, EmptyDataError, ExportError, GraphError, NotFiniteError
from tests.converter.small_models import random_net, random_x


@pytest.mark.parametrize("seed", range(6))
def test_a_written_file_runs_equal_to_the_network(seed, tmp_path) -> None:
    words = {"layers": 1 + seed % 3, "levels": (2, 8, 6)[seed % 3], "readout": seed % 2 == 0}
    net = random_net(seed, **words)
    found = export_nir(net, tmp_path / "x.nir", random_x(seed), dt=(1e-4, 1e-3)[seed % 2])
    assert found.differing == 0
    assert found.total == 4 * 8 * 5 * 4 * words["levels"] * words["layers"]
    assert list(tmp_path.iterdir()) == [tmp_path / "x.nir"]


def drifting(monkeypatch, change) -> None:
    """Let the exporter write a graph that differs from the network."""

    def wrong(net, **words):
        graph = to_nir(net, **words)
        change(graph)
        return graph

    monkeypatch.setattr("converter.nir_file.to_nir", wrong)


def test_a_file_that_differs_is_not_left_behind(monkeypatch, tmp_path) -> None:
    path = tmp_path / "x.nir"
    drifting(monkeypatch, lambda graph: graph.nodes["l0_n5_rec"].weight.__imul__(-1))
    with pytest.raises(DriftError, match=r"x\.nir differs .* first at l0\.[zio], step 1"):
        export_nir(random_net(), path, random_x())
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"an earlier file")
    with pytest.raises(DriftError):
        export_nir(random_net(), path, random_x())
    assert path.read_bytes() == b"an earlier file"


def test_equal_spikes_with_another_readout_are_still_a_drift() -> None:
    net = random_net()
    graph = to_nir(net)
    graph.nodes["n6_readout"].bias += 2.0**-16
    with pytest.raises(DriftError, match="logits differ"):
        verify_nir(graph, net, random_x())


def test_what_cannot_be_written_or_proved_leaves_no_file(tmp_path) -> None:
    with pytest.raises(ExportError, match="one-sided"):
        export_nir(random_net(two_sided=False), tmp_path / "x.nir", random_x())
    with pytest.raises(EmptyDataError):
        export_nir(random_net(), tmp_path / "x.nir", torch.zeros(0, 8, 3))
    assert list(tmp_path.iterdir()) == []


def written(tmp_path, graph=None):
    path = tmp_path / "x.nir"
    write_nir(to_nir(random_net(levels=2)) if graph is None else graph, path)
    return path


def test_a_missing_truncated_or_other_file_is_named(tmp_path) -> None:
    with pytest.raises(GraphError, match="no such file"):
        read_nir(tmp_path / "none.nir")
    path = written(tmp_path)
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(GraphError, match=r"x\.nir: not a readable NIR file"):
            read_nir(path)


def test_an_unknown_node_is_named(tmp_path) -> None:
    graph = to_nir(random_net(levels=2))
    pool = np.array([2, 2])
    graph.nodes["l0_n2_gates"] = nir.SumPool2d(kernel_size=pool, stride=pool, padding=0 * pool)
    graph.nodes["l0_n4_cell"] = nir.AvgPool2d(kernel_size=pool, stride=pool, padding=0 * pool)
    words = r"2 nodes are not understood: l0_n2_gates \(SumPool2d\), l0_n4_cell \(AvgPool2d\)"
    with pytest.raises(GraphError, match=words):
        read_nir(written(tmp_path, graph))


def test_a_node_type_that_nir_does_not_know_is_named(tmp_path) -> None:
    path = written(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["node/nodes/l0_n1_in/type"]
        file["node/nodes/l0_n1_in/type"] = "Quantum"
    with pytest.raises(GraphError, match=r"Quantum|not a readable"):
        read_nir(path)


def test_numbers_that_are_none_are_named(tmp_path) -> None:
    graph = to_nir(random_net(levels=2))
    graph.nodes["l0_n3_mix"].weight[0, 0] = np.nan
    with pytest.raises(NotFiniteError, match="'l0_n3_mix': weight"):
        read_nir(written(tmp_path, graph))
    graph = to_nir(random_net(levels=2))
    graph.nodes["l0_n4_cell"].tau_syn[0] = 0.0
    with pytest.raises(GraphError, match="'l0_n4_cell': tau_syn is not positive"):
        read_nir(written(tmp_path, graph))


def test_links_outside_data_and_too_much_are_refused(tmp_path) -> None:
    path = written(tmp_path)
    with h5py.File(path, "r+") as file:
        file["node/nodes/away"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(GraphError, match="away is a link"):
        read_nir(path)
    path = written(tmp_path)
    with h5py.File(path, "r+") as file:
        place = [(str(tmp_path / "other"), 0, 80)]
        file["node/nodes"].create_dataset("far", (10,), "f8", external=place)
    with pytest.raises(GraphError, match="keeps its data in another file"):
        read_nir(path)
    path = written(tmp_path)
    with h5py.File(path, "r+") as file:
        # chunked and never written: a few bytes on disk that claim 8 TB
        file["node/nodes"].create_dataset("huge", (10**12,), "f8", chunks=(1024,))
    with pytest.raises(GraphError, match="claims more than"):
        read_nir(path)


def test_a_single_node_is_no_graph(tmp_path) -> None:
    nir.write(tmp_path / "x.nir", nir.Linear(np.eye(2)))
    with pytest.raises(GraphError, match="single b'Linear', not a graph"):
        read_nir(tmp_path / "x.nir")
