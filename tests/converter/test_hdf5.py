"""Hostile HDF5 costs a named error, little time and little memory."""

import contextlib
import time
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest

from converter import read_nir, to_nir, write_nir
from converter.hdf5 import array, require_modest, text, texts
from spiking.errors import GraphError
from tests.converter.small_models import random_net

MIB = 2**20


@contextlib.contextmanager
def bounded(*, seconds: float = 10.0, memory: int = 64 * MIB):
    """Fails where what happens inside takes more of this process's time or memory."""
    tracemalloc.start()
    begun = time.process_time()
    try:
        yield
    finally:
        spent, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert spent < seconds
    assert peak < memory


@pytest.fixture
def path(tmp_path):
    """A file of ours, into which the faults are put."""
    found = tmp_path / "x.nir"
    write_nir(to_nir(random_net(levels=2)), found)
    return found


def refused(path, match: str, **words) -> None:
    with bounded(), pytest.raises(GraphError, match=rf"x\.nir: .*{match}"):
        read_nir(path, **words)


def replaced(path, name: str, **words) -> h5py.Dataset:
    """An array of the file in another form."""
    file = h5py.File(path, "r+")
    del file[name]
    return file.create_dataset(name, **words)


WEIGHT = "node/nodes/l0_n1_in/weight"


def test_what_is_claimed_is_refused_before_it_is_allocated(path) -> None:
    # chunked and never written: a few bytes on disk that claim 8 TB
    made = replaced(path, WEIGHT, shape=(10**6, 10**6), dtype="f8", chunks=(1024, 1024))
    made.file.close()
    assert path.stat().st_size < MIB
    refused(path, "/node/nodes/l0_n1_in/weight: up to here it claims .* pieces; at most")


@pytest.mark.parametrize("words", [{}, {"chunks": (2**12, 2**12)}, {"compression": "gzip"}])
def test_what_is_claimed_and_was_never_written_is_refused(path, words) -> None:
    made = replaced(path, WEIGHT, shape=(2**13, 2**13), dtype="f8", **words)
    made.file.close()
    refused(path, "claims 536870912 bytes and holds 0 at most|claims .* and holds 0 at most")
    made = replaced(path, WEIGHT, shape=(8, 4), dtype="f8", chunks=(4, 4))
    made[:4] = 1.0
    made.file.close()
    refused(path, "claims 256 bytes and holds 128 at most")


def test_many_arrays_that_are_modest_alone_are_added_up(path) -> None:
    with h5py.File(path, "r+") as file:
        for at in range(40):
            file["node"].create_dataset(f"more{at}", data=np.zeros(2**16), compression="gzip")
    assert path.stat().st_size < MIB
    refused(path, "at most 20000000 bytes", most_bytes=20_000_000)


def test_the_limit_is_an_argument(path) -> None:
    refused(path, "at most 1000 bytes", most_bytes=1000)


def test_short_numbers_are_counted_as_what_they_become(path) -> None:
    made = replaced(path, WEIGHT, data=np.zeros((1000, 1000), np.int8), compression="gzip")
    made.file.close()
    refused(path, "weight: up to here it claims 8", most_bytes=4 * 10**6)


def test_a_chunk_may_claim_more_than_its_array(path) -> None:
    made = replaced(
        path, WEIGHT, shape=(1, 1), dtype="f8", chunks=(2**10, 2**10), maxshape=(None, None)
    )
    made[0, 0] = 1.0
    made.file.close()
    refused(path, "it claims 84", most_bytes=2**23)


def test_many_tiny_chunks_are_refused(path) -> None:
    made = replaced(path, WEIGHT, shape=(2**20,), dtype="i1", chunks=(1,), compression="gzip")
    made.file.close()
    refused(path, "in 1048.* pieces; at most .* 200000 pieces")


def bomb(path, size: int, claimed: tuple[int, ...]) -> None:
    """A chunk of the size that `claimed` says, whose stream goes on for `size` bytes."""
    made = replaced(path, WEIGHT, shape=claimed, dtype="f8", chunks=claimed, compression="gzip")
    stream = zlib.compressobj(9)
    parts = [stream.compress(b"\0" * MIB) for _ in range(size // MIB)] + [stream.flush()]
    made.id.write_direct_chunk((0, 0), b"".join(parts))
    made.file.close()


def test_a_chunk_inflates_no_further_than_it_claims(path) -> None:
    bomb(path, 512 * MIB, (512, 256))
    assert path.stat().st_size < 2 * MIB
    refused(path, "a chunk does not hold the 1048576 bytes that it claims")


def test_a_chunk_that_is_long_on_disk_is_not_even_read(path) -> None:
    bomb(path, 64 * MIB, (4, 4))
    refused(path, "a chunk of 128 bytes takes .* in the file")


@pytest.mark.parametrize("cut", ["short", "noise", "one"])
def test_a_chunk_that_holds_something_else_is_refused(path, cut: str) -> None:
    made = replaced(path, WEIGHT, shape=(30, 3), dtype="f8", chunks=(30, 3), compression="gzip")
    data = {"short": zlib.compress(b"1234"), "noise": b"\x99" * 40, "one": b"x"}[cut]
    made.id.write_direct_chunk((0, 0), data)
    made.file.close()
    refused(path, "a chunk does not hold|zlib|Error|filter")


def test_a_chunk_stored_as_it_is_is_read(path) -> None:
    wanted = read_nir(path).nodes["l0_n1_in"].weight
    made = replaced(
        path, WEIGHT, shape=wanted.shape, dtype="f8", chunks=wanted.shape, compression="gzip"
    )
    made.id.write_direct_chunk((0, 0), wanted.tobytes(), filter_mask=1)
    made.file.close()
    assert np.array_equal(read_nir(path).nodes["l0_n1_in"].weight, wanted)


@pytest.mark.parametrize("words", [{"shuffle": True}, {"fletcher32": True}, {"scaleoffset": 2}])
def test_filters_that_nir_does_not_use_are_named(path, words) -> None:
    made = replaced(path, WEIGHT, data=np.ones((30, 3)), chunks=(5, 3), **words)
    made.file.close()
    refused(path, r"went through the filters \[\d.*gzip of numbers")


@pytest.mark.parametrize("shape", [(3,), (30, 3), (7, 5, 3)])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i8", "u1", "?", "c16", ">f8"])
def test_arrays_come_back_as_h5py_gives_them(tmp_path, kind: str, shape) -> None:
    wanted = (np.random.default_rng(0).normal(size=shape) * 3).astype(kind)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["plain"] = wanted
        chunks = tuple(max(1, n // 2) for n in shape)
        file.create_dataset("zipped", data=wanted, compression="gzip", chunks=chunks)
        require_modest(file)
        for name in ("plain", "zipped"):
            found = array(file[name])
            assert found.dtype == file[name].dtype
            assert np.array_equal(found, file[name][()])
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["one"] = wanted.reshape(-1)[0]
        file.create_dataset(
            "none", (0, 3), kind, compression="gzip", chunks=(1, 3), maxshape=(None, 3)
        )
        assert array(file["one"]) == wanted.reshape(-1)[0]
        assert array(file["none"]).shape == (0, 3)


def test_links_and_data_elsewhere_are_refused(path, tmp_path) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["weight"] = np.ones((30, 3))
    whole = path.read_bytes()

    def planted(plant, match: str) -> None:
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            plant(file["node/nodes"])
        refused(path, match)

    def virtual(nodes: h5py.Group) -> None:
        layout = h5py.VirtualLayout((30, 3), "f8")
        layout[:] = h5py.VirtualSource(secret, "weight", (30, 3))
        nodes.create_virtual_dataset("far", layout)

    def external(nodes: h5py.Group) -> None:
        nodes.create_dataset("far", (10,), "f8", external=[("/etc/passwd", 0, 80)])

    planted(
        lambda nodes: nodes.__setitem__("far", h5py.ExternalLink(str(secret), "/")), "is a link"
    )
    planted(lambda nodes: nodes.__setitem__("far", h5py.SoftLink("/node")), "is a link")
    planted(virtual, "keeps its data in another file")
    planted(external, "keeps its data in another file")
    planted(lambda nodes: nodes.__setitem__("far", np.dtype("f8")), "is a Datatype")
    planted(lambda nodes: nodes.__setitem__("far", nodes["l0_n1_in/weight"]), "is a second name")
    planted(lambda nodes: nodes.__setitem__("far", nodes), "is a second name")
    planted(lambda nodes: nodes.__setitem__("far", nodes["/"]), "is a second name")


@pytest.mark.parametrize(
    "kind",
    [
        np.dtype([("x", "f8"), ("y", "i4")]),
        h5py.vlen_dtype(np.float64),
        h5py.ref_dtype,
        np.dtype("V8"),
    ],
    ids=["compound", "ragged", "reference", "opaque"],
)
def test_what_is_neither_numbers_nor_text_is_refused(path, kind) -> None:
    made = replaced(path, WEIGHT, shape=(3,), dtype=kind)
    made.file.close()
    refused(path, "neither numbers nor text")


def test_one_long_text_that_is_referred_to_often_is_not_copied_often(tmp_path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        made = file.create_dataset("names", (20_000, 2), h5py.string_dtype())
        made[:] = "n"
        made[0, 0] = "n" * MIB
    # every reference becomes a copy of the first: 16 bytes on disk that mean 1 MiB
    whole = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        start = file["names"].id.get_offset()
    for at in range(1, 40_000):
        whole[start + 16 * at : start + 16 * at + 16] = whole[start : start + 16]
    path.write_bytes(whole)
    with h5py.File(path) as file:
        require_modest(file)
        with bounded(memory=256 * MIB), pytest.raises(GraphError, match="more text than is read"):
            texts(file["names"])


def test_text_is_read_in_order_and_only_text(tmp_path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["pairs"] = [("a", "b"), ("c", "ä")]
        file["fixed"] = np.array([b"xy", b"z"])
        file["one"] = "alone"
        file["wide"] = np.full((2, 99), b"x")
        file["number"] = 3.0
        file["wrong"] = np.array([b"\xff\xfe"])
        file["nothing"] = h5py.Empty(h5py.string_dtype())
        assert texts(file["pairs"]) == ["a", "b", "c", "ä"]
        assert texts(file["fixed"]) == ["xy", "z"]
        assert text(file["one"]) == "alone"
        for name, match in (
            ("wide", "99 texts a row"),
            ("number", "no list of text"),
            ("wrong", "not in UTF-8"),
            ("nothing", "no list of text"),
        ):
            with pytest.raises(GraphError, match=match):
                texts(file[name])
        with pytest.raises(GraphError, match="where one belongs"):
            text(file["fixed"])
        with pytest.raises(GraphError, match="more text"):
            texts(file["pairs"], at_most=3)
        for name in ("fixed", "one", "nothing"):
            with pytest.raises(GraphError, match="no numbers"):
                array(file[name])


def test_attributes_are_never_read(path) -> None:
    with h5py.File(path, "r+", libver="latest") as file:
        node = file["node/nodes/l0_n1_in"]
        for at in range(500):
            node.attrs.create(f"a{at}", np.zeros(2000))
        node.attrs["evil"] = "x" * 60_000
    with bounded(memory=8 * MIB):
        read_nir(path)


def test_a_file_of_too_many_objects_is_refused(path, monkeypatch) -> None:
    monkeypatch.setattr("converter.hdf5.MOST_OBJECTS", 1000)
    with h5py.File(path, "r+") as file:
        crowd = file.create_group("node/nodes/crowd")
        for at in range(1001):
            crowd.create_group(f"{at}")
    refused(path, "more than 1000 objects")
