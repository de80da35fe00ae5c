"""spyx 1.0: its own importer. It follows the first edge of each node, and a loop for ever."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

SPIKING = (nir.CubaLIF, nir.IF, nir.LIF, nir.Threshold)
Spikes = dict[str, NDArray[Any]]


def run(graph: nir.NIRGraph, x: NDArray[Any], dt: float) -> tuple[Spikes, NDArray[Any]]:
    """Time goes first in spyx; only what leaves the last node is seen."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from spyx.nir import from_nir

    _model, outputs = from_nir(graph, np.swapaxes(x, 0, 1), dt=dt)
    output = np.swapaxes(np.asarray(outputs), 0, 1)
    last = [a for a, b in graph.edges if type(graph.nodes[b]) is nir.Output]
    seen = [name for name in last if type(graph.nodes[name]) in SPIKING]
    return dict.fromkeys(seen, output), output
