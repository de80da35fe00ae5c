"""lava-nc 0.10, mapped by us: lava has no importer of NIR.

Every Affine or Linear becomes a Sparse process (a Dense that does not store zeros), every LIF or
CubaLIF a LIF process, in floating point. A Sparse hands on what it received one step before; a
bias, which it lacks, is a source beside it that always says the same, and so comes at once. The
samples of a batch are copies of the network side by side in one run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Spikes = dict[str, Array]
_GRADED = {"num_message_bits": 24}
_SYNAPSES, _NEURONS = (nir.Affine, nir.Linear), (nir.CubaLIF, nir.LIF)


def run(graph: nir.NIRGraph, x: Array, dt: float) -> tuple[Spikes, Array]:
    """ValueError naming what lava's processes cannot say."""
    with _on_python_3_11():
        from lava.magma.core.run_conditions import RunSteps
        from lava.magma.core.run_configs import Loihi2SimCfg
        from lava.proc.io.sink import RingBuffer as Sink
        from lava.proc.io.source import RingBuffer as Source
        from lava.proc.lif.process import LIF
        from lava.proc.sparse.process import Sparse
        from scipy.sparse import eye, kron

    _require_sayable(graph)
    batch, steps, _ = x.shape
    (source,) = (name for name, node in graph.nodes.items() if type(node) is nir.Input)
    (sink,) = (name for name, node in graph.nodes.items() if type(node) is nir.Output)
    first = Source(data=np.ascontiguousarray(np.moveaxis(x, 1, 2).reshape(-1, steps)))
    takes, says = {}, {source: [first.s_out]}
    for name, node in graph.nodes.items():
        if type(node) in _SYNAPSES:
            gains = _gains(graph, name, dt)
            # with message bits it multiplies; without it takes every input for a spike
            made = Sparse(weights=kron(eye(batch), gains[:, None] * node.weight), **_GRADED)
            takes[name], says[name] = made.s_in, [made.a_out]
            bias = np.tile(gains * getattr(node, "bias", 0.0), batch)
            if bias.any():
                says[name].append(Source(data=bias[:, None]).s_out)
        elif type(node) in _NEURONS:
            shape = (batch * len(node.v_threshold),)
            made = LIF(shape=shape, **_numbers(node, dt))
            takes[name], says[name] = made.a_in, [made.s_out]
    ends = [start for start, end in graph.edges if end == sink]
    watched = [name for name, node in graph.nodes.items() if type(node) in _NEURONS]
    sinks = {
        name: Sink(shape=says[name][0].shape, buffer=steps)
        for name in dict.fromkeys([*ends, *watched])
    }
    pairs = [(says[start], takes[end]) for start, end in graph.edges if end != sink]
    for ports, into in [*pairs, *((says[name], each.a_in) for name, each in sinks.items())]:
        for port in ports:
            port.connect(into)
    first.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="floating_pt"))
    kept = {name: _by_sample(each.data.get(), batch) for name, each in sinks.items()}
    first.stop()
    output = np.sum([kept[name] for name in ends], axis=0)
    return {name: kept[name] for name in watched}, output


def _require_sayable(graph: nir.NIRGraph) -> None:
    """ValueError naming every node that no process of lava's says."""
    faults = []
    for name, node in graph.nodes.items():
        if type(node) not in (*_SYNAPSES, *_NEURONS, nir.Input, nir.Output):
            faults.append(f"{name}: no process for {type(node).__name__}")
        if type(node) in _NEURONS:
            faults += [
                f"{name}: {field} differs among its neurons, and a LIF process has one"
                for field in ("tau", "tau_syn", "tau_mem", "v_threshold")
                if len(np.unique(getattr(node, field, 0.0))) > 1
            ]
            faults += [
                f"{name}: {field} is not 0"
                for field in ("v_leak", "v_reset")
                if np.any(getattr(node, field, 0.0))
            ]
        fed = [type(graph.nodes[a]) for a, b in graph.edges if b == name]
        if type(node) in _NEURONS and not set(fed) <= set(_SYNAPSES):
            faults.append(f"{name}: is fed without a synapse, which would scale its input")
    if faults:
        raise ValueError("; ".join(faults))


def _shares(node: Any, dt: float) -> tuple[float, float]:
    """What of current and potential one Euler step replaces; the current of an LIF is new."""
    if type(node) is nir.LIF:
        return 1.0, float(dt / node.tau[0])
    return float(dt / node.tau_syn[0]), float(dt / node.tau_mem[0])


def _gain(node: Any, dt: float) -> Array:
    """What a NIR neuron multiplies its input by on the way to its potential; lava's has 1."""
    current, potential = _shares(node, dt)
    gain: Array = potential * np.asarray(node.r)
    return gain if type(node) is nir.LIF else gain * current * node.w_in


def _gains(graph: nir.NIRGraph, name: str, dt: float) -> Array:
    """Of the rows of a synapse: that of the neurons behind it."""
    rows = len(graph.nodes[name].weight)
    behind = [graph.nodes[b] for a, b in graph.edges if a == name]
    found = [_gain(node, dt) if type(node) in _NEURONS else np.ones(rows) for node in behind]
    if any(not np.array_equal(each, found[0]) for each in found):
        raise ValueError(f"{name}: what it leads to scales its input differently")
    return found[0] if found else np.ones(rows)


def _numbers(node: Any, dt: float) -> dict[str, float]:
    current, potential = _shares(node, dt)
    return {"du": current, "dv": potential, "vth": float(node.v_threshold[0])}


def _by_sample(raster: Array, batch: int) -> Array:
    """(batch * n, time) to (batch, time, n)."""
    return np.moveaxis(raster.reshape(batch, -1, raster.shape[-1]), 1, 2)


@contextlib.contextmanager
def _on_python_3_11() -> Iterator[None]:
    """Lava 0.10 imports on 3.11: there a default must be hashable, and ByteEncoder is not."""
    original = dataclasses.dataclass

    def hashable(cls: Any = None, /, **words: Any) -> Any:
        if cls is None:
            return lambda each: hashable(each, **words)
        encoder = cls.__module__ == "lava.magma.compiler.var_model"
        return original(cls, **({"unsafe_hash": True} if encoder else {}) | words)

    dataclasses.dataclass = hashable
    try:
        yield
    finally:
        dataclasses.dataclass = original
        logging.getLogger().setLevel(logging.ERROR)
