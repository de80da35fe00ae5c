"""Broken and hostile variants of a NIR file: faults of bytes, and groups and arrays rewritten."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from tests.converter.byte_mutations import mutated as spoiled

NAMES = ("..", ".", "a/b", "/etc/passwd", "a" * 5000, "nul?", "input", "output", "l0_n2_gates", "ä")
KINDS = ("NIRGraph", "LIF", "CubaLIF", "LI", "Conv2d", "Delay", "Threshold", "NIRNode", "__class__")


def mutated(rng: np.random.Generator, data: bytes) -> bytes:
    """`data` with one to three faults, about half of them of the structure."""
    return spoiled(rng, data, rewritten)


def rewritten(rng: np.random.Generator, data: bytes) -> bytes:
    """One thing in the HDF5 file rewritten; what cannot be opened stays as it is."""
    buffer = io.BytesIO(data)
    try:
        with h5py.File(buffer, "r+") as file:
            _rewrite(rng, file)
    except Exception:  # noqa: BLE001 - HDF5 refuses some of our own faults
        return data
    return buffer.getvalue()


def _rewrite(rng: np.random.Generator, file: h5py.File) -> None:
    pick = lambda among: among[int(rng.integers(len(among)))]
    paths: list[str] = []
    file.visit(paths.append)
    arrays = [path for path in paths if isinstance(file[path], h5py.Dataset)]
    groups = [path for path in paths if isinstance(file[path], h5py.Group)]
    nodes = [path for path in groups if path.startswith("node/nodes/")]
    edges: list[Any] = file["node/edges"][()].tolist()
    name, kind, array, group, node = (pick(each) for each in (NAMES, KINDS, arrays, groups, nodes))
    huge = int(rng.choice([0, 1, 2**20, 2**31, 2**40]))
    faults: list[Callable[[], Any]] = [
        lambda: file.pop(array),
        lambda: file.pop(group),
        lambda: _put(file, array, _wild(rng, file[array][()])),
        lambda: _put(file, array, _wild(rng, file[array][()])),
        lambda: _put(file, array, "text"),
        lambda: _put(file, array, np.bytes_(b"\xff\xfe" * 50)),
        lambda: _put(file, array, h5py.Empty("f")),
        lambda: _put(file, array, np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])),
        lambda: _put(file, array, np.array([1], dtype=h5py.special_dtype(enum=("i", {"A": 1})))),
        lambda: _put(file, array, file[group].ref, dtype=h5py.ref_dtype),
        lambda: _put(file, array, ["a" * 100_000] * 100, dtype=h5py.string_dtype()),
        lambda: _put(file, array, [np.arange(9)] * 3, dtype=h5py.vlen_dtype(np.dtype("i4"))),
        lambda: _claims(file, array, shape=(huge, 3), chunks=(1024, 3)),
        lambda: _claims(file, array, shape=(huge,), chunks=None),
        lambda: _claims(file, array, shape=(4, 4), chunks=(4, 4), compression="lzf"),
        lambda: _claims(file, array, shape=(huge,), chunks=(2**16,), compression="gzip"),
        lambda: _elsewhere(file, array),
        lambda: _virtual(file, array),
        lambda: file.__setitem__(f"{group}/{name}", h5py.SoftLink("/node")),
        lambda: file.__setitem__(f"{group}/{name}", h5py.ExternalLink("/etc/passwd", "/")),
        lambda: file.__setitem__(f"{group}/{name}", file["node"]),
        lambda: file.__setitem__(f"{group}/{name}", file[array]),
        lambda: file.copy(node, f"node/nodes/{name}"),
        lambda: file.copy("node", f"node/nodes/{name}"),
        lambda: file.move(node, f"node/nodes/{name}"),
        lambda: [file.copy(node, f"node/nodes/many{at}") for at in range(1000)],
        lambda: _deep(file, group, depth=int(rng.choice([5, 40, 300]))),
        lambda: _put(file, f"{node}/type", kind),
        lambda: _put(file, f"{node}/extra", 1.0),
        lambda: _put(file, "node/edges", edges[::-1]),
        lambda: _put(file, "node/edges", edges + edges),
        lambda: _put(file, "node/edges", edges[:-1] or [[b"a", b"b"]]),
        lambda: _put(file, "node/edges", [*edges, [name.encode(), edges[0][1]]]),
        lambda: _put(file, "node/edges", [*edges, pick(edges)[::-1]]),
        lambda: _put(file, "node/edges", edges * 3000),
        lambda: _put(file, "node/edges", [edge[0] for edge in edges]),
        lambda: _put(file, "version", "9" * 1000),
        lambda: _put(file, "node/metadata/subspike", '{"schema": 1, "hidden": [1e9]}'),
        lambda: _put(file, "node/metadata/subspike", "[" * 100_000),
        lambda: file[group].attrs.__setitem__(name, np.zeros(1000)),
    ]
    pick(faults)()


def _put(file: h5py.File, path: str, value: Any, **words: Any) -> None:
    if path in file:
        del file[path]
    file.create_dataset(path, data=value, **words)


def _claims(file: h5py.File, path: str, **words: Any) -> None:
    del file[path]
    file.create_dataset(path, dtype="f8", **words)


def _elsewhere(file: h5py.File, path: str) -> None:
    shape = np.shape(file[path][()]) or (1,)
    del file[path]
    file.create_dataset(path, shape, "u1", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def _virtual(file: h5py.File, path: str) -> None:
    layout = h5py.VirtualLayout(shape=(10,), dtype="f8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(10,))
    del file[path]
    file.create_virtual_dataset(path, layout)


def _deep(file: h5py.File, group: str, *, depth: int) -> None:
    """A graph in a graph in a graph."""
    for _ in range(depth):
        group += "/nodes/deep"
        made = file.create_group(group)
        made["type"], made["edges"] = "NIRGraph", np.zeros((0, 2))
    file.create_group(f"{group}/nodes")


def _wild(rng: np.random.Generator, value: Any) -> Any:
    """Numbers with one that cannot be meant, of another type, or of another shape."""
    found = np.array(value, dtype="f8") if np.asarray(value).dtype.kind in "fiu" else np.ones(3)
    one = float(rng.choice([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e300, 1e-300, 2.0**62]))
    ways: list[Callable[[], Any]] = [
        lambda: np.full(found.shape, one),
        lambda: np.where(rng.random(found.shape) < 0.1, one, found),
        lambda: found.T,
        lambda: found.reshape(-1),
        lambda: found[..., None],
        lambda: found[..., :-1] if found.ndim else found,
        lambda: found.astype(rng.choice(["c16", "i1", "u8", "f2", "bool"])),
        lambda: found.astype(">f8"),
        lambda: rng.permutation(found.reshape(-1)).reshape(found.shape),
        lambda: np.zeros((0, *found.shape[1:])),
        lambda: one,
    ]
    return ways[int(rng.integers(len(ways)))]()
