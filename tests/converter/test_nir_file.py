"""A NIR file is proved by running it; a broken or hostile one is refused by name."""

import nir
import numpy as np
import pytest
import torch

from converter import (
    DIALECTS,
    PROFILES,
    export_nir,
    read_nir,
    round_trip,
    to_nir,
    verify_nir,
    write_nir,
)
from converter.nir_graph import read_advice
from spiking.errors import (
    CheckpointError,
    DriftError,
    EmptyDataError,
    ExportError,
    GraphError,
    NotFiniteError,
)
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
    with pytest.raises(DriftError, match="outputs differ"):
        verify_nir(graph, net, random_x())


def test_what_cannot_be_written_or_proved_leaves_no_file(tmp_path) -> None:
    with pytest.raises(ExportError, match="one-sided"):
        export_nir(random_net(two_sided=False), tmp_path / "x.nir", random_x())
    with pytest.raises(EmptyDataError):
        export_nir(random_net(), tmp_path / "x.nir", torch.zeros(0, 8, 3))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_profile_in_every_dialect_is_proved(profile, dialect, tmp_path) -> None:
    net, path = random_net(layers=2, levels=4), tmp_path / "x.nir"
    found = export_nir(net, path, random_x(), profile=profile, dialect=dialect)
    assert (found.differing, found.first) == (0, "")
    advice = read_advice(read_nir(path))
    assert (advice["profile"], advice["dialect"]) == (profile, dialect)


def test_a_profile_that_drifts_is_caught_whichever_it_is(monkeypatch, tmp_path) -> None:
    drifting(monkeypatch, lambda graph: graph.nodes["l0_n4_relay"].v_threshold.__imul__(9.0))
    with pytest.raises(DriftError):
        export_nir(random_net(), tmp_path / "x.nir", random_x(), profile="split")
    # a neuron that fires twice is a drift, even where it fires in the right steps
    drifting(monkeypatch, lambda graph: graph.nodes["l0_n1_in"].bias.__iadd__(64.0))
    with pytest.raises(DriftError, match="several times"):
        export_nir(random_net(), tmp_path / "x.nir", random_x(), profile="stepwise")
    assert list(tmp_path.iterdir()) == []


def test_an_output_without_a_readout_is_compared_too() -> None:
    net = random_net(readout=False)
    for profile in ("readable", "split"):
        graph = to_nir(net, profile=profile)
        assert verify_nir(graph, net, random_x()).differing == 0
    graph.nodes["n7_sum"].weight[0, 0] = 2.0
    with pytest.raises(DriftError, match="outputs differ"):
        verify_nir(graph, net, random_x())


def test_a_round_trip_is_a_file_and_back() -> None:
    graph = to_nir(random_net(), dialect="1.0.4")
    found = round_trip(graph)
    assert list(found.nodes) == sorted(graph.nodes)
    assert found.edges == [tuple(edge) for edge in graph.edges]
    assert found.metadata == graph.metadata


def test_what_is_read_can_be_run(tmp_path) -> None:
    graph = to_nir(random_net(levels=2))
    pool = np.array([2, 2])
    graph.nodes["l0_n2_gates"] = nir.SumPool2d(kernel_size=pool, stride=pool, padding=0 * pool)
    graph.nodes["l0_n4_cell"] = nir.AvgPool2d(kernel_size=pool, stride=pool, padding=0 * pool)
    nir.write(tmp_path / "x.nir", graph)
    with pytest.raises(GraphError, match=r"gates is a SumPool2d; l0_n4_cell is a AvgPool2d"):
        read_nir(tmp_path / "x.nir")
    graph = to_nir(random_net(levels=2))
    graph.nodes["l0_n3_mix"].weight[0, 0] = np.nan
    write_nir(graph, tmp_path / "x.nir")
    with pytest.raises(NotFiniteError, match=r"l0_n3_mix\.weight"):
        read_nir(tmp_path / "x.nir")
    graph = to_nir(random_net(levels=2))
    graph.nodes["l0_n4_cell"].tau_syn[0] = 0.0
    write_nir(graph, tmp_path / "x.nir")
    with pytest.raises(GraphError, match=r"l0_n4_cell\.tau_syn goes down to 0"):
        read_nir(tmp_path / "x.nir")


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch) -> None:
    path = tmp_path / "x.nir"
    path.write_bytes(b"an earlier file")

    def failing(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", failing)
    with pytest.raises(CheckpointError, match="disk full"):
        write_nir(to_nir(random_net()), path)
    assert path.read_bytes() == b"an earlier file"
    assert list(tmp_path.iterdir()) == [path]
