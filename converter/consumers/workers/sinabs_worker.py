"""sinabs 3.1: its own importer, on nirtorch.load. Time constants count steps; its spikes, too."""

from __future__ import annotations

import warnings
from typing import Any

import nir
import torch
from numpy.typing import NDArray

from .torch_steps import SPIKING, Spikes, doubled, watched


def run(graph: nir.NIRGraph, x: NDArray[Any], dt: float) -> tuple[Spikes, NDArray[Any]]:
    """Whatever dt is: its neurons take tau as steps."""
    del dt
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        from sinabs.nir import from_nir

        for node in graph.nodes.values():
            _as_tensors(node)
        module = from_nir(graph, batch_size=len(x), num_timesteps=1)
    names = [name for name, node in graph.nodes.items() if type(node) in SPIKING]
    return watched(doubled(module), names, x)


def _as_tensors(node: Any) -> None:
    """Its layers ask for tensors where the file has arrays."""
    for field in ("tau", "v_threshold"):
        if hasattr(node, field):
            setattr(node, field, torch.as_tensor(getattr(node, field), dtype=torch.float64))
