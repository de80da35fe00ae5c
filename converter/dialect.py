"""What NIR files of different releases hold, so that one can be written that an older one reads."""

from __future__ import annotations

import io
from dataclasses import dataclass

import h5py
import nir
import numpy as np

from spiking.errors import ExportError

NEWEST = "1.0.8"


@dataclass(frozen=True)
class Dialect:
    """What a release of nir knows.

    version  written into the file
    lacks    fields that its reader stumbles over, with the one value that it means without them
    """

    version: str
    lacks: dict[str, float]


# nir <= 1.0.4 builds its nodes from whatever fields the file has, and has no v_reset
DIALECTS: dict[str, Dialect] = {
    "1.0.4": Dialect("1.0.4", {"v_reset": 0.0}),
    NEWEST: Dialect(NEWEST, {}),
}


def in_dialect(graph: nir.NIRGraph, dialect: Dialect) -> bytes:
    """`graph` as an HDF5 file that nir of that release reads.

    Raises ExportError naming every node whose numbers the release cannot say.
    """
    unsaid = [
        f"{name}.{field}"
        for name, node in graph.nodes.items()
        for field, meant in dialect.lacks.items()
        if not np.all(np.asarray(getattr(node, field, meant)) == meant)
    ]
    if unsaid:
        raise ExportError(
            f"nir {dialect.version} has no such fields, and they differ from what it assumes: "
            f"{', '.join(unsaid)}; write dialect {NEWEST}"
        )
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    with h5py.File(buffer, "r+") as file:
        for node in file["node/nodes"].values():
            for field in dialect.lacks:
                if field in node:
                    del node[field]
        del file["version"]
        file["version"] = dialect.version
    return buffer.getvalue()
