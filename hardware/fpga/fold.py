"""A quantised network with what its neurons have in common said once.

A population says one value with many neurons. Their rows of weights are multiples of one row, which
is summed once; their spikes travel with equal weights up to sign, so that their signed count is one
value with one column of weights; a neuron that only repeats another is a wire; and rows whose
neurons have equal numbers share a ladder of them. All of it is found in the integers, whatever
network they are of, and changes no sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from operator import or_
from typing import NamedTuple

import numpy as np

from ..network import INPUT, Ints, Neurons, Quantized
from .shared import shared_columns, shared_rows
from .wires import Wires, wired


class Rung(NamedTuple):
    """A neuron of a row: v := round(m s / 4096) + factor * sum + offset; it fires above threshold.

    threshold  None for one that never fires
    sign       with which a spike counts in the row's target
    """

    factor: int
    offset: int
    threshold: int | None
    sign: int


class Term(NamedTuple):
    """One product of a row's sum: weight times the value of a column, of the step before if old."""

    old: bool
    column: int
    weight: int


@dataclass(frozen=True)
class Row:
    """A sum and the neurons that live on it.

    group    place of the neurons' group
    terms    of the sum, by age and column
    bias     of the sum
    decay    4096ths that the neurons' states keep
    keeps    the states have a place in memory
    target   column that the neurons' count goes to, None where nobody listens
    neurons  their numbers
    """

    group: int
    terms: tuple[Term, ...]
    bias: int
    decay: int
    keeps: bool
    target: int | None
    neurons: tuple[int, ...]
    ladder: tuple[Rung, ...]

    @cached_property
    def unit(self) -> bool:
        """All factors are 1 or -1."""
        return all(abs(rung.factor) == 1 for rung in self.ladder)

    @cached_property
    def zeros(self) -> int:
        """Largest power of two that divides all weights; 0 without terms."""
        return trailing_zeros(reduce(or_, (term.weight for term in self.terms), 0))


@dataclass(frozen=True, eq=False)
class Folded:
    """A network in rows; columns are the input channels, then the counts.

    reach  largest magnitude of every count  # (columns - channels,)
    """

    channels: int
    reach: Ints
    rows: tuple[Row, ...]
    wires: Wires

    @property
    def columns(self) -> int:
        """Values of a step."""
        return self.channels + len(self.reach)

    @property
    def order(self) -> tuple[int, ...]:
        """Neurons in the order in which they live."""
        return tuple(neuron for row in self.rows for neuron in row.neurons)


@dataclass(frozen=True, eq=False)
class _Layer:
    """What one group sums: base rows over sources, which row every living neuron has, times what.

    start    number of the group's first neuron
    local    places of the living in the group  # (neurons,)
    sources  of the columns of `base`: a channel, or channels + a neuron  # (columns,)
    old      whether they are of the step before  # (columns,)
    """

    group: Neurons
    start: int
    local: Ints
    base: Ints
    sources: Ints
    old: Ints
    which: Ints
    factor: Ints


@lru_cache(maxsize=2)  # a network is folded once for each question that is asked about it
def folded(network: Quantized) -> Folded:
    """Find what is shared; the network keeps its every sum."""
    wires = wired(network)
    layers = [_layer(network, group, wires) for group in network.groups]
    channels = network.entry.channels
    base, column, sign = shared_columns(_outgoing(layers, channels, len(wires.source)))
    reach = np.bincount(column[wires.lives][column[wires.lives] >= 0], minlength=len(base))
    starts = np.cumsum([0, *(2 * len(layer.base) for layer in layers)])
    rows: list[Row] = []
    for at, layer in enumerate(layers):
        terms = list(_terms(layer, base[:, starts[at] : starts[at + 1]], channels))
        for (row, target), mine in _split(layer, column).items():
            local = layer.local[mine]
            numbers = layer.start + local
            bias, ladder = _ladder(layer.group, local, layer.factor[mine], sign[numbers])
            rows.append(
                Row(
                    group=at,
                    terms=terms[row],
                    bias=bias,
                    decay=int(layer.group.current_decay[local[0]]),
                    keeps=bool(layer.group.current_decay.any()) or not layer.group.spikes,
                    target=None if target < 0 else channels + target,
                    neurons=tuple(int(n) for n in numbers),
                    ladder=ladder,
                )
            )
    return Folded(channels, reach, tuple(rows), wires)


def trailing_zeros(value: int) -> int:
    """Of an integer's binary digits; 0 for 0."""
    return (value & -value).bit_length() - 1 if value else 0


def _layer(network: Quantized, group: Neurons, wires: Wires) -> _Layer:
    start = wires.starts[group.name]
    own = np.arange(len(group))
    local = own[wires.source[start + own] == start + own]
    channels = network.entry.channels
    keys: list[tuple[int, int]] = []
    parts: list[Ints] = []
    for each in network.synapses:
        if each.target == group.name:
            ids = np.arange(each.weight.shape[1])
            if each.source != INPUT:
                ids = channels + wires.source[wires.starts[each.source] + ids]
            keys += [(int(i), each.delay) for i in ids]
            parts.append(each.weight[local] << each.shift)
    matrix = np.concatenate([*parts, np.zeros((len(local), 0), np.int64)], axis=1)
    # a source that is met twice, itself and through a wire, adds up
    found, back = np.unique(np.array(keys).reshape(-1, 2), axis=0, return_inverse=True)
    rows = np.zeros((len(found), len(local)), np.int64)
    np.add.at(rows, back.reshape(-1), matrix.T)
    some = rows.any(axis=1)
    base, which, factor = shared_rows(rows[some].T, group.current_decay[local])
    sources, old = found[some].reshape(-1, 2).T
    return _Layer(group, start, local, base, sources, old, which, factor)


def _outgoing(layers: list[_Layer], channels: int, neurons: int) -> Ints:
    """What every neuron sends to every base row, now and a step later.  # (neurons, 2 rows)"""
    found = np.zeros((neurons, sum(2 * len(layer.base) for layer in layers)), np.int64)
    start = 0
    for layer in layers:
        size = len(layer.base)
        for source, old, weights in zip(layer.sources, layer.old, layer.base.T, strict=True):
            if source >= channels:
                found[source - channels, start + old * size : start + (old + 1) * size] = weights
        start += 2 * size
    return found


def _terms(layer: _Layer, counts: Ints, channels: int) -> Iterator[tuple[Term, ...]]:
    """Of every base row; `counts` are the columns' weights to it.  # (columns, 2 rows)"""
    size = len(layer.base)
    direct = np.nonzero(layer.sources < channels)[0]
    for row in range(size):
        found = [
            Term(bool(layer.old[k]), int(layer.sources[k]), int(layer.base[row, k]))
            for k in direct
            if layer.base[row, k]
        ]
        for old in (0, 1):
            weights = counts[:, old * size + row]
            found += [
                Term(bool(old), channels + int(c), int(weights[c])) for c in np.nonzero(weights)[0]
            ]
        yield tuple(sorted(found))


def _split(layer: _Layer, column: Ints) -> dict[tuple[int, int], Ints]:
    """Living neurons by base row and target, in the order of their first.  # places in a layer"""
    found: dict[tuple[int, int], list[int]] = {}
    for place, (row, local) in enumerate(zip(layer.which, layer.local, strict=True)):
        found.setdefault((int(row), int(column[layer.start + local])), []).append(place)
    return {key: np.array(places) for key, places in found.items()}


def _ladder(group: Neurons, local: Ints, factor: Ints, signs: Ints) -> tuple[int, tuple[Rung, ...]]:
    """The bias of a row, and its neurons' numbers apart from it.

    Where every factor is 1 or -1 the bias is chosen such that the first offset is 0: rows that
    differ in their biases alone then have equal ladders.
    """
    bias = group.bias[local]
    whole = int(factor[0] * bias[0]) if (np.abs(factor) == 1).all() else 0
    rungs = tuple(
        Rung(
            int(a),
            int(b - a * whole),
            int(group.threshold[at]) if group.spikes else None,
            int(s),
        )
        for a, b, at, s in zip(factor, bias, local, signs, strict=True)
    )
    return whole, rungs
