"""A consumer in this very process: fast, for libraries that are trusted and installed here."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from spiking.errors import ConfigError, MissingSoftwareError

from ..nir_file import read_nir
from ..nir_graph import PORTABLE_DT
from .consumer import CONSUMERS, Consumer

Rasters = dict[str, NDArray[np.bool_]]


def run_consumer(
    name: str, path: Path, x: Tensor, *, dt: float = PORTABLE_DT
) -> tuple[Rasters, NDArray[Any]]:
    """Let the library `name` read the NIR file at `path` and run it on x (batch, time, input).

    returns  spikes of every spiking node {"l0_n2_gates": (batch, time, neurons), ...}, and the
             outputs (batch, time, outputs)

    Raises ConfigError for a name that is not known or needs a process of its own, and
    MissingSoftwareError where the library is not installed, and what `read_nir` raises.
    """
    consumer = consumer_named(name)
    if consumer.apart:
        raise ConfigError(f"{name} lives in an environment of its own; use run_guarded")
    graph = read_nir(path)
    if consumer.python is None:
        raise MissingSoftwareError(f"{name} is not installed", consumer.command)
    worker = importlib.import_module(f"{__package__}.workers.{name}_worker")
    try:
        spikes, output = worker.run(graph, x.cpu().double().numpy(), dt)
    except ImportError as error:
        raise MissingSoftwareError(f"{name} is not installed whole", consumer.command) from error
    return {node: raster > 0 for node, raster in spikes.items()}, output


def consumer_named(name: str) -> Consumer:
    """One of CONSUMERS; ConfigError naming them all for another."""
    if name not in CONSUMERS:
        raise ConfigError(f"consumer {name!r} is not known; choose one of {sorted(CONSUMERS)}")
    return CONSUMERS[name]
