"""snnTorch 1.0: its own importer, which assumes steps of 1e-4 s whatever the file was made for."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import nir
from numpy.typing import NDArray

from .torch_steps import Spikes, stepped

OWN_DT = 1e-4


def run(graph: nir.NIRGraph, x: NDArray[Any], dt: float) -> tuple[Spikes, NDArray[Any]]:
    """ValueError for another dt."""
    from snntorch.import_nir import import_from_nir

    if dt != OWN_DT:
        raise ValueError(f"snnTorch steps by {OWN_DT} s; this graph is run at {dt}")
    # the importer rewires the graph that it is given, and tells its progress on stdout
    copied = nir.NIRGraph(dict(graph.nodes), list(graph.edges), type_check=False)
    with contextlib.redirect_stdout(io.StringIO()):
        module = import_from_nir(copied)
    return stepped(module, graph, x)
