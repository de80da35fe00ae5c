"""What NIR files of different releases hold, so that one can be written that an older one reads."""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass
from typing import Any

import h5py
import nir
import numpy as np

from spiking.errors import ConfigError, ExportError

NEWEST = "1.0.8"


@dataclass(frozen=True)
class Dialect:
    """What a release of nir knows.

    version  written into the file
    lacks    fields that its reader stumbles over, with the one value that it means without them
    """

    version: str
    lacks: dict[str, float]


# nir <= 1.0.4 makes its nodes of whatever fields the file has, and has no v_reset
DIALECTS: dict[str, Dialect] = {
    "1.0.4": Dialect("1.0.4", {"v_reset": 0.0}),
    NEWEST: Dialect(NEWEST, {}),
}


def dialect_named(name: str) -> Dialect:
    """One of DIALECTS; ConfigError naming them all for another."""
    if name not in DIALECTS:
        raise ConfigError(f"dialect {name!r} is not known; choose one of {sorted(DIALECTS)}")
    return DIALECTS[name]


def in_dialect(graph: nir.NIRGraph, dialect: Dialect) -> bytes:
    """`graph` as an HDF5 file that nir of that release reads.

    Raises ExportError naming every node that the release or the format cannot say.
    """
    faults = _unsaid(graph, dialect, "")
    if faults:
        raise ExportError(f"NIR {dialect.version} cannot say: {'; '.join(faults)}")
    buffer = io.BytesIO()
    try:
        nir.write(buffer, _storable(graph))
    except Exception as error:  # nir and h5py raise TypeError, ValueError, RecursionError...
        raise ExportError(f"nir could not write the graph: {error}") from error
    with h5py.File(buffer, "r+") as file:
        _strip(file["node"], dialect)
        file["version"][()] = dialect.version
    return buffer.getvalue()


def _unsaid(graph: nir.NIRGraph, dialect: Dialect, prefix: str) -> list[str]:
    found = []
    for name, node in graph.nodes.items():
        where = prefix + name
        if "/" in name or name in ("", "."):
            found.append(f"a node called {where!r}, which HDF5 parts: use letters, digits and _")
        if isinstance(node, nir.NIRGraph):
            found += _unsaid(node, dialect, f"{where}/")
            continue
        found += [
            f"{where}.{field} that is not {meant:g}: write dialect {NEWEST}"
            for field, meant in dialect.lacks.items()
            if not np.all(np.asarray(getattr(node, field, meant)) == meant)
        ]
    return found


def _storable(graph: nir.NIRGraph) -> nir.NIRGraph:
    """The graph with arrays of no axis as numbers, which nir writes and reads."""
    nodes: dict[str, nir.NIRNode] = {}
    for name, node in graph.nodes.items():
        nodes[name] = _storable(node) if isinstance(node, nir.NIRGraph) else copy.copy(node)
        bare = {n: v[()] for n, v in vars(nodes[name]).items() if _is_bare(v)}
        vars(nodes[name]).update(bare)
    edges = list(graph.edges)
    return nir.NIRGraph(nodes, edges, metadata=graph.metadata, type_check=False)


def _is_bare(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 0


def _strip(group: Any, dialect: Dialect) -> None:
    for node in group["nodes"].values():
        for field in dialect.lacks:
            if field in node:
                del node[field]
        if "nodes" in node:
            _strip(node, dialect)
