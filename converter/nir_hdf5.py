"""What a NIR file holds, read with suspicion: bounded, flattened, in seconds; not yet judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
from nir.serialization import read_node

from spiking.errors import ConfigError, GraphError

_MOST_BYTES = 2**31
_MOST_OBJECTS = 100_000
_DEEPEST = 32
# tau/dt below 1 makes Euler's decay negative; above 10^4 nothing leaks in any sequence we know
_PLAUSIBLE = (1.0, 1e4)
_TIMES = ("tau", "tau_mem", "tau_syn", "delay")
UNITS = ("s", "ms", "steps")


@dataclass
class _Part:
    """A graph, or a graph within one: nodes, edges, and what stands for its ends outside."""

    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    inner: dict[str, _Part] = field(default_factory=dict)

    def ends(self, name: str, kind: type) -> list[str]:
        """The nodes that an edge to (Input) or from (Output) `name` means."""
        part = self.inner.get(name)
        if part is None:
            return [name]
        own = [n for n, node in part.nodes.items() if type(node) is kind]
        if kind is nir.Input:
            return [deep for a, b in part.edges if a in own for deep in part.ends(b, kind)]
        return [deep for a, b in part.edges if b in own for deep in part.ends(a, kind)]


def open_nir(path: Path) -> nir.NIRGraph:
    """The graph in a file, whatever is wrong with its nodes and numbers: `lint` judges them.

    Raises GraphError for a file that is not there, not HDF5, not NIR, too large, or that keeps
    data elsewhere.
    """
    if not path.is_file():
        raise GraphError(f"{path}: there is no such file")
    try:
        with h5py.File(path, "r") as file:
            _require_modest(file, path)
            if file["node/type"][()] != b"NIRGraph":
                raise GraphError(f"{path}: holds a single {file['node/type'][()]!r}, not a graph")
            part = _part(file["node"], "", 0)
            metadata = _metadata(file["node"])
        nodes, edges = _flat(part)
        return nir.NIRGraph(nodes, edges, metadata=metadata, type_check=False)
    except GraphError:
        raise
    except Exception as error:  # h5py and nir raise OSError, KeyError, AssertionError, TypeError...
        raise GraphError(
            f"{path}: not a readable NIR file ({type(error).__name__}: {error}); it may be "
            "truncated, of another format, or hold a node type that nir does not know"
        ) from error


def in_seconds(graph: nir.NIRGraph, *, unit: str, dt: float) -> nir.NIRGraph:
    """A copy whose time constants, which are of `unit`, are in seconds.

    Raises ConfigError for an unknown unit, GraphError where no time constant can be meant in it
    (tau/dt outside 1 to 10,000), naming the units in which they can.
    """
    scale = {"s": 1.0, "ms": 1e-3, "steps": dt}
    if unit not in scale:
        raise ConfigError(f"unit {unit!r} is not known; choose one of {UNITS}")
    times = [
        np.asarray(value, dtype=float).reshape(-1)
        for node in graph.nodes.values()
        for name, value in vars(node).items()
        if name.startswith("tau")
    ]
    every = np.concatenate(times) if times else np.ones(0)
    fits = [name for name, each in scale.items() if _plausible(every * each / dt)]
    if unit not in fits:
        raise GraphError(
            f"time constants of {every.min():g} to {every.max():g} {unit} are "
            f"{every.min() * scale[unit] / dt:g} to {every.max() * scale[unit] / dt:g} steps of "
            f"{dt:g} s; {' or '.join(map(repr, fits)) or 'no unit'} could be meant"
        )
    nodes = {name: _scaled(node, scale[unit]) for name, node in graph.nodes.items()}
    return nir.NIRGraph(nodes, list(graph.edges), metadata=graph.metadata, type_check=False)


def _plausible(steps: Any) -> bool:
    low, high = _PLAUSIBLE
    # a hair of room: 1e-4 / 1e-4 may be 1 - 2^-53
    return bool(((steps >= low * (1 - 1e-9)) & (steps <= high * (1 + 1e-9))).all())


def _scaled(node: nir.NIRNode, scale: float) -> nir.NIRNode:
    times = {name: getattr(node, name) * scale for name in _TIMES if hasattr(node, name)}
    if not times:
        return node
    skipped = ("input_type", "output_type")
    rest = {n: v for n, v in vars(node).items() if n not in skipped}
    made: nir.NIRNode = type(node)(**(rest | times))
    return made


def _part(group: Any, name: str, depth: int) -> _Part:
    if depth > _DEEPEST:
        raise GraphError(f"{name!r}: graphs within graphs, more than {_DEEPEST} deep")
    part = _Part()
    for key, item in group["nodes"].items():
        if item["type"][()] == b"NIRGraph":
            part.inner[key] = _part(item, key, depth + 1)
        else:
            part.nodes[key] = read_node(item)
    part.edges = [(a.decode(), b.decode()) for a, b in group["edges"][()]]
    return part


def _flat(part: _Part, prefix: str = "") -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Nodes under their full names, and edges that pass through the ends of inner graphs."""
    nodes = {prefix + name: node for name, node in part.nodes.items()}
    edges: list[tuple[str, str]] = []
    for name, inner in part.inner.items():
        deep, links = _flat(inner, f"{prefix}{name}_")
        ends = {n for n, node in deep.items() if type(node) in (nir.Input, nir.Output)}
        nodes |= {n: node for n, node in deep.items() if n not in ends}
        edges += [(a, b) for a, b in links if not {a, b} & ends]
    known = {*part.nodes, *part.inner}
    for a, b in part.edges:
        if not {a, b} <= known:
            raise GraphError(f"the edge {prefix}{a} -> {prefix}{b} names a node that is not there")
        starts = [_named(part, a, each, prefix) for each in part.ends(a, nir.Output)]
        stops = [_named(part, b, each, prefix) for each in part.ends(b, nir.Input)]
        edges += [(start, stop) for start in starts for stop in stops]
    return nodes, edges


def _named(part: _Part, name: str, deep: str, prefix: str) -> str:
    return f"{prefix}{name}_{deep}" if name in part.inner else prefix + deep


def _metadata(group: Any) -> dict[str, Any]:
    if "metadata" not in group:
        return {}
    found = {name: item[()] for name, item in group["metadata"].items()}
    return {n: v.decode() if isinstance(v, bytes) else v for n, v in found.items()}


def _require_modest(file: h5py.File, path: Path) -> None:
    total, objects, groups = 0, 0, [file]
    while groups:
        group = groups.pop()
        for name in group:
            objects += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise GraphError(f"{path}: {group.name}/{name} is a link, which NIR never writes")
            item = group[name]
            if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                raise GraphError(f"{path}: {item.name} keeps its data in another file")
            if isinstance(item, h5py.Group):
                groups.append(item)
            else:
                total += item.size * item.dtype.itemsize if item.shape is not None else 0
            if objects > _MOST_OBJECTS or total > _MOST_BYTES:
                raise GraphError(
                    f"{path}: claims more than {_MOST_OBJECTS} objects or {_MOST_BYTES} bytes"
                )
