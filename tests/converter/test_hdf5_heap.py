"""Heaps of texts that libhdf5 would never leave are refused; any NIR file is read, or refused."""

import contextlib
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from converter import from_nir, read_nir, run_nir, to_nir, write_nir
from converter.hdf5_heap import require_whole_heaps
from spiking.errors import GraphError, SubspikeError
from tests.converter.nir_mutations import mutated
from tests.converter.small_models import random_net

NET = random_net(levels=2, hidden=2, layers=2)
FREE = struct.Struct("<HH4xQ")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A good file of every profile."""
    folder = tmp_path_factory.mktemp("nir")
    for profile in ("portable", "split", "li", "readable", "stepwise"):
        write_nir(to_nir(NET, profile=profile), folder / f"{profile}.nir")
    return sorted(folder.glob("*.nir"))


def spoiled(data: bytes, index: int, held: int) -> bytes:
    """The size of the first object, or with index 0 of the free space, becomes `held`."""
    found, place = bytearray(data), data.index(b"GCOL") + 16
    while (FREE.unpack_from(found, place)[0] == 0) != (index == 0):
        place += 16 + -(-FREE.unpack_from(found, place)[2] // 8) * 8
    found[place + 8 : place + 16] = struct.pack("<Q", held)
    return bytes(found)


@pytest.mark.parametrize(
    ("index", "held"), [(0, 0), (0, 8), (0, 2**40), (1, 2**64 - 1), (1, 2**20), (1, 2**63)]
)
def test_an_object_that_ends_nowhere_is_refused(index, held, files, tmp_path) -> None:
    path = tmp_path / "x.nir"
    path.write_bytes(spoiled(files[0].read_bytes(), index, held))
    with pytest.raises(GraphError, match=r"x\.nir: the heap of texts at byte \d+ is damaged"):
        read_nir(path)


def test_the_library_alone_does_not_return(files, tmp_path) -> None:
    """Once it does, this check has done its work."""
    path = tmp_path / "x.nir"
    path.write_bytes(spoiled(files[0].read_bytes(), 0, 0))
    program = f"import h5py\nh5py.File({str(path)!r})['node/type'][()]"
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", program], timeout=5, check=False)


def test_good_and_empty_files_pass_and_a_flood_of_heaps_ends_soon(files, tmp_path) -> None:
    for path in files:
        require_whole_heaps(path)
    path = tmp_path / "x.nir"
    path.write_bytes(b"")
    require_whole_heaps(path)
    # every 16 bytes a heap that spans the rest of the file, in which all others are objects
    count = 20_000
    heap = b"GCOL" + struct.pack("<B3xQ", 1, 16 * count)
    path.write_bytes(heap * count + bytes(16 * count))
    started = time.process_time()
    with contextlib.suppress(GraphError):
        require_whole_heaps(path)
    assert time.process_time() - started < 10.0


@example(seed=394)  # two feeds of other widths into one output
@settings(max_examples=150, derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_file_is_read_and_runs_or_is_refused_by_name(seed, files, tmp_path_factory) -> None:
    path, rng = tmp_path_factory.getbasetemp() / "fuzzed.nir", np.random.default_rng(seed)
    path.write_bytes(mutated(rng, files[int(rng.integers(len(files)))].read_bytes()))
    started = time.process_time()
    with contextlib.suppress(SubspikeError):
        graph = read_nir(path)
        with contextlib.suppress(SubspikeError):
            from_nir(graph)
        source = next(node for node in graph.nodes.values() if type(node).__name__ == "Input")
        run_nir(graph, np.ones((1, 3, int(source.input_type["input"][0]))), dt=1e-4)
    assert time.process_time() - started < 20.0
