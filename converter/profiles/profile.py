"""What every profile promises, and the bricks that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import nir
import numpy as np
import torch
from numpy.typing import NDArray

from spiking import SpikingSubLSTM

from ..semantics import Semantics

Array = NDArray[np.float64]
Rasters = Mapping[str, NDArray[np.bool_]]
Nodes = dict[str, nir.NIRNode]
Edges = list[tuple[str, str]]
MOST_LAYERS = 10


@dataclass(frozen=True, eq=False)
class Feed:
    """A node that carries (part of) a layer's value to whatever comes next.

    decode  node's entries to signed counts K h of the units  # (hidden, entries); None: as it is
    """

    node: str
    decode: Array | None = None


@dataclass(frozen=True, eq=False)
class Built:
    """One layer as nodes and edges, and the nodes that say its value; the parts sum to K h."""

    nodes: Nodes
    edges: Edges
    says: tuple[Feed, ...]


@dataclass(frozen=True, eq=False)
class Numbers:
    """What a layer's nodes hold, as `SpikingSubLSTM` takes it, but per spike.

    weight_ih  per entry below, or per spike of the layer below  # (3 hidden, input)
    weight_hh  per spike                                         # (3 hidden, hidden)
    bias       # (3 hidden,)
    forget     # (hidden,)
    """

    weight_ih: Array
    weight_hh: Array
    bias: Array
    forget: Array


@dataclass(frozen=True)
class Sizes:
    """Of a layer that is read back: its units, levels K, and the signs of its neurons (K,)."""

    hidden: int
    levels: int
    signs: Array
    threshold: float
    dt: float

    @property
    def rows(self) -> NDArray[np.int64]:
        """The last neuron of every gate population, whose sign is +1.  # (3 hidden,)"""
        found: NDArray[np.int64] = np.arange(3 * self.hidden) * self.levels + self.levels - 1
        return found

    @property
    def columns(self) -> NDArray[np.int64]:
        """The same of a population of one value a unit.  # (hidden,)"""
        return self.rows[: self.hidden]


class Profile(Protocol):
    """A layout: its name, who reads it, and how a layer is written and read back.

    one_sided  whether it carries one-sided populations
    semantics  under which its spikes are those of the network
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def summary(self) -> str: ...  # noqa: D102
    @property
    def one_sided(self) -> bool: ...  # noqa: D102
    @property
    def semantics(self) -> Semantics: ...  # noqa: D102

    def layer(
        self, layer: SpikingSubLSTM, name: str, weight_in: Array, feeds: tuple[Feed, ...], dt: float
    ) -> Built:
        """`layer` with names that start with `name`; weight_in (3 hidden, values) per K h below."""
        ...

    def numbers(
        self, graph: nir.NIRGraph, name: str, feeds: tuple[Feed, ...], sizes: Sizes
    ) -> Numbers:
        """What `layer` wrote under `name`; LookupError or ValueError where it is not there."""
        ...

    def spikes(self, rasters: Rasters, name: str, layer: SpikingSubLSTM) -> dict[str, Any]:
        """{"z": (batch, time, hidden, levels) bool, "i": ..., "o": ..., "s": ..., "relay": ...}."""
        ...


def values(tensor: Any) -> Array:
    """A copy in float64."""
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float64)


def per_neuron(rows: Array, signs: Array) -> Array:
    """Rows of units to rows of their neurons, with sign.  # (units, n) -> (units * levels, n)"""
    return (rows[:, None, :] * signs[None, :, None]).reshape(-1, rows.shape[1])


def counting(layer: SpikingSubLSTM) -> Array:
    """Spikes of the units' populations to signed counts.  # (hidden, hidden * levels)"""
    counts: Array = np.kron(np.eye(layer.hidden_size), values(layer.signs)[None, :])
    return counts


def shifted_bias(layer: SpikingSubLSTM) -> Array:
    """Bias of every gate neuron so that its threshold is 1.  # (3 hidden * levels,)

    sign (drive - t) > 0 is written sign drive - sign t + 1 > 1.
    """
    signs = values(layer.signs)
    shifted = (values(layer.bias)[:, None] - values(layer.threshold)[None, :]) * signs + 1.0
    return shifted.reshape(-1)


def inputs(
    name: str, target: str, rows: Array, bias: Array, feeds: tuple[Feed, ...]
) -> tuple[Nodes, Edges]:
    """One Affine per feed into `target`, the first with the bias; numbered where there are several.

    rows  weights of the target's entries per K h below  # (entries, hidden below)
    """
    nodes: Nodes = {}
    edges: Edges = []
    for index, feed in enumerate(feeds):
        own = name if len(feeds) == 1 else f"{name}_{index:04d}"
        weight = rows.copy() if feed.decode is None else rows @ feed.decode
        nodes[own] = nir.Affine(weight, bias if index == 0 else np.zeros(len(bias)))
        edges += [(feed.node, own), (own, target)]
    return nodes, edges


def gathered(
    graph: nir.NIRGraph, name: str, feeds: tuple[Feed, ...], rows: NDArray[np.int64] | None = None
) -> tuple[Array, Array]:
    """What `inputs` wrote, at these rows or all: the weight per K h below, and the bias.

    # (rows, hidden below), (rows,)
    """
    first = graph.nodes[name if len(feeds) == 1 else f"{name}_0000"]
    rows = np.arange(len(first.bias)) if rows is None else rows
    if feeds[0].decode is None:
        return first.weight[rows], first.bias[rows]
    found = np.zeros((len(rows), feeds[0].decode.shape[0]))
    for index, feed in enumerate(feeds):
        own = name if len(feeds) == 1 else f"{name}_{index:04d}"
        units, columns = np.nonzero(feed.decode == 1.0)
        found[:, units] = graph.nodes[own].weight[rows][:, columns]
    return found, first.bias[rows]


def mixing(layer: SpikingSubLSTM, step: float) -> Array:
    """Weight 1/t_k of each cell neuron for its unit's spikes.  # (hidden * levels, hidden * levels)

    step  the code defines t_k as 1 / (m step); without rounding, dividing again may miss m
    """
    multiples = np.rint(1.0 / (values(layer.cell_threshold) * step))
    per_unit = np.outer(multiples * step, values(layer.signs))
    cells: Array = np.kron(np.eye(layer.hidden_size), per_unit)
    return cells


def cuba(tau_syn: Array, dt: float) -> nir.CubaLIF:
    """Memoryless neurons of threshold 1 on a synaptic current that decays with tau_syn seconds."""
    ones = np.ones(len(tau_syn))
    return nir.CubaLIF(
        tau_syn=tau_syn,
        tau_mem=dt * ones,
        r=ones,
        v_leak=0.0 * ones,
        v_threshold=ones.copy(),
        v_reset=0.0 * ones,
        w_in=tau_syn / dt,
    )


def parted(
    raster: NDArray[np.bool_], names: Sequence[str], layer: SpikingSubLSTM
) -> dict[str, Any]:
    """A node's neurons as populations.  # (batch, time, len(names) * hidden * levels)"""
    shape = (*raster.shape[:2], len(names), layer.hidden_size, layer.code.levels)
    parts = raster.reshape(shape)
    return {name: parts[:, :, at] for at, name in enumerate(names)}


def tensor(array: Array) -> torch.Tensor:
    """A torch copy that owns its memory."""
    return torch.from_numpy(np.array(array))
