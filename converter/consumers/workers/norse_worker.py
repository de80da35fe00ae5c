"""Norse 1.1: its own importer, on nirtorch.load."""

from __future__ import annotations

import warnings
from typing import Any

import nir
from numpy.typing import NDArray

from .torch_steps import Spikes, stepped


def run(graph: nir.NIRGraph, x: NDArray[Any], dt: float) -> tuple[Spikes, NDArray[Any]]:
    """With dt given, which its importer takes as 1e-3 otherwise."""
    with warnings.catch_warnings():
        # norse 1.1.0 scripts functions at import, which torch 2.13 calls deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        import norse.torch

        module = norse.torch.from_nir(graph, dt=dt, ignore_warnings=True)
    return stepped(module, graph, x)
