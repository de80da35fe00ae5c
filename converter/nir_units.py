"""Time constants of a NIR graph in seconds, whatever unit its writer meant.

The format names no unit: its documentation says milliseconds, most writers mean seconds, sinabs
means steps. Which one can be meant is judged by how many steps a time constant would last.
"""

from __future__ import annotations

import copy

import nir
import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, GraphError

UNITS = ("s", "ms", "steps")
# below one step Euler's decay is negative; above 10^4 nothing leaks in any sequence we know
LEAST_STEPS, MOST_STEPS = 1.0, 1e4
_TIMES = ("tau", "tau_mem", "tau_syn", "delay")


def in_seconds(graph: nir.NIRGraph, *, unit: str, dt: float) -> nir.NIRGraph:
    """A copy whose time constants and delays, which are of `unit`, are in seconds.

    Raises ConfigError for an unknown unit, GraphError where no time constant can be meant in it
    (tau/dt outside 1 to 10,000), naming the units in which they all can.
    """
    scale = {"s": 1.0, "ms": 1e-3, "steps": dt}
    if unit not in scale:
        raise ConfigError(f"unit {unit!r} is not known; choose one of {UNITS}")
    tau = time_constants(graph)
    fits = [name for name, each in scale.items() if plausible(tau * each, dt)]
    if unit not in fits:
        raise GraphError(
            f"time constants of {tau.min():g} to {tau.max():g} {unit} last "
            f"{tau.min() * scale[unit] / dt:g} to {tau.max() * scale[unit] / dt:g} steps of "
            f"{dt:g} s; {' or '.join(map(repr, fits)) or 'no unit'} could be meant"
        )
    return _scaled(graph, scale[unit])


def time_constants(graph: nir.NIRGraph) -> NDArray[np.float64]:
    """All that are finite numbers, one after the other, those of inner graphs as well."""
    found = [np.zeros(0)]
    for node in graph.nodes.values():
        if isinstance(node, nir.NIRGraph):
            found.append(time_constants(node))
            continue
        for name, value in vars(node).items():
            numbers = np.asarray(value) if name.startswith("tau") else np.zeros(0)
            if numbers.dtype.kind in "fiu":
                found.append(numbers.reshape(-1).astype(np.float64))
    every: NDArray[np.float64] = np.concatenate(found)
    finite: NDArray[np.float64] = every[np.isfinite(every)]
    return finite


def plausible(tau: NDArray[np.float64], dt: float) -> bool:
    """Whether all these seconds last between 1 and 10,000 steps of dt."""
    # a hair of room: 1e-4 / 1e-4 may be 1 - 2^-53
    low, high = LEAST_STEPS * (1 - 1e-9), MOST_STEPS * (1 + 1e-9)
    return bool(((tau / dt >= low) & (tau / dt <= high)).all())


def _scaled(graph: nir.NIRGraph, scale: float) -> nir.NIRGraph:
    nodes = {}
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            nodes[name] = _scaled(node, scale)
            continue
        nodes[name] = copy.copy(node)
        for field in _TIMES:
            if hasattr(node, field):
                setattr(nodes[name], field, getattr(node, field) * scale)
    return nir.NIRGraph(nodes, list(graph.edges), metadata=graph.metadata, type_check=False)
