"""SpikingJelly 2.0: its own importer, on nirtorch.nir_to_torch."""

from __future__ import annotations

import warnings
from typing import Any

import nir
import torch
from numpy.typing import NDArray

from .torch_steps import Spikes, stepped


def run(graph: nir.NIRGraph, x: NDArray[Any], dt: float) -> tuple[Spikes, NDArray[Any]]:
    """In float64 from the start: in float32 a tau_syn of dt is refused as shorter than dt."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        from spikingjelly.activation_based.nir_exchange import import_from_nir
        from spikingjelly.logger import logger

    logger.remove()  # it reports every import on stderr
    module = import_from_nir(graph, dt=dt, dtype=torch.float64)
    return stepped(module, graph, x)
