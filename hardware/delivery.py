"""Spikes over synapses into currents: summed, or added one by one into words that saturate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .distinct import distinct
from .format import Count, Word
from .network import Ints, Synapses

# sums of integers up to these are exact in any order
_EXACT32, _EXACT64 = 2**24, 2**53
# rows with so few synapses are gathered, denser ones are multiplied as matrices
_FEW = 8

Deliver = Callable[[Ints, NDArray[Any], Count], Ints]


def merged(synapses: Sequence[Synapses], word: Word) -> list[Synapses]:
    """Synapses alike in all but their weights as one, where a tick's sum is whole before the word.

    A chip keeps the signs of a connection apart and gives large weights two synapses; a saturating
    word hears of each, and so does a sum that drops bits.
    """
    if word.overflow == "saturate":
        return list(synapses)
    found: dict[tuple[Any, ...], Synapses] = {}
    for at, each in enumerate(synapses):
        alike = (each.source, each.target, each.delay, each.shift, at if each.drop else -1)
        before = found.get(alike)
        found[alike] = each if before is None else replace(each, weight=before.weight + each.weight)
    return list(found.values())


def summed(synapses: Synapses, _word: Word, most: int) -> Deliver:
    """A function that adds floor(W n / 2^drop) 2^shift to currents (batch, targets).

    W weights, n spikes (batch, sources).

    most  largest magnitude of an entry of the spikes

    A population says one value with many neurons, so that rows and columns of its weights are
    equal up to sign: each is added once. Sums are exact whatever the order.
    """
    if not synapses.weight.any():
        return lambda current, _spikes, _count: current
    columns, at_column, column_sign = _up_to_sign(synapses.weight.T)
    rows, at_row, row_sign = _up_to_sign(columns.T)
    shift, drop = synapses.shift, synapses.drop
    gathered = _gathered(at_column, column_sign)
    spread = _spread(at_row, row_sign)
    each = int(np.bincount(at_column[at_column >= 0]).max()) * most
    product = _product(rows, each)

    def deliver(current: Ints, spikes: NDArray[Any], _count: Count) -> Ints:
        if not spikes.any():
            return current
        return current + ((spread(product(gathered(spikes))) >> drop) << shift)

    return deliver


def _gathered(at: Ints, sign: Ints) -> Callable[[NDArray[Any]], Ints]:
    """Entries (batch, sources) to signed sums of those with the same column.  # (batch, columns)"""
    if _each_itself(at, sign):
        return lambda spikes: spikes
    order = np.argsort(at, kind="stable")[np.count_nonzero(at < 0) :]
    starts = np.searchsorted(at[order], np.arange(1 + at.max()))
    signs = sign[order]
    return lambda spikes: np.add.reduceat(spikes[:, order].astype(np.int64) * signs, starts, axis=1)


def _spread(at: Ints, sign: Ints) -> Callable[[Ints], Ints]:
    """Sums (batch, rows) to the targets that each is of, 0 for those of none."""
    if _each_itself(at, sign):
        return lambda sums: sums
    # where `at` is -1 the sign is 0
    return lambda sums: sums[:, at] * sign


def _each_itself(at: Ints, sign: Ints) -> bool:
    return bool((sign == 1).all()) and np.array_equal(at, np.arange(len(at)))


def _up_to_sign(rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows that differ, up to sign; which of them each given row is (-1: all 0); its sign."""
    first = (rows != 0).argmax(axis=1)
    sign = np.sign(rows[np.arange(len(rows)), first])
    some = np.nonzero(sign)[0]
    found, back = distinct(rows[some] * sign[some, None])
    which = np.full(len(rows), -1)
    which[some] = back
    return found, which, sign


def _product(rows: Ints, most: int) -> Callable[[Ints], Ints]:
    """Entries (batch, n), each at most `most`, to sums (batch, rows)."""
    fan_in = int(np.count_nonzero(rows, axis=1).max(initial=0))
    if fan_in <= _FEW:
        at = np.argsort(rows == 0, axis=1, kind="stable")[:, :fan_in]
        weights = np.take_along_axis(rows, at, axis=1)

        def gathered(values: Ints) -> Ints:
            total: Ints = (values[:, at] * weights).sum(-1)
            return total

        return gathered
    reach = int(np.abs(rows).sum(1).max()) * most
    if reach >= _EXACT64:
        return lambda values: values @ rows.T
    kind = np.float32 if reach < _EXACT32 else np.float64
    matrix: NDArray[Any] = np.ascontiguousarray(rows.T, dtype=kind)
    return lambda values: (values.astype(kind) @ matrix).astype(np.int64)


def saturating(synapses: Synapses, word: Word, _most: int) -> Deliver:
    """A function that adds spikes to currents, clamped to the word after every addition.

    Only a neuron whose partial sums may leave the word is added source by source, in order;
    n equal additions clamp like one addition of n w.
    """
    weight = synapses.weight << synapses.shift
    up = np.maximum(weight, 0).T.astype(np.float64)
    down = np.minimum(weight, 0).T.astype(np.float64)

    def deliver(current: Ints, spikes: NDArray[Any], count: Count) -> Ints:
        given = spikes.astype(np.float64)
        raised = (given @ up).astype(np.int64)
        lowered = (given @ down).astype(np.int64)
        total = current + raised + lowered
        risky = (current + raised > word.high) | (current + lowered < word.low)
        for sample, neuron in np.argwhere(risky):
            value = int(current[sample, neuron])
            for source in np.nonzero(spikes[sample])[0]:
                exact = value + int(spikes[sample, source]) * int(weight[neuron, source])
                value = min(max(exact, word.low), word.high)
                count.overflows += exact != value
            total[sample, neuron] = value
        return total

    return deliver


# by the overflow of the current's word
DELIVERIES: dict[str, Callable[[Synapses, Word, int], Deliver]] = {
    "clamp": summed,
    "clip": summed,
    "saturate": saturating,
    "wrap": summed,
}
