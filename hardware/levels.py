"""Which neurons of a population fire in a fixed order: the levels of one value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .network import Ints
from .populations import Array, Numbers


def levels(n: Numbers) -> list[Ints]:
    """Cells and relays in lists in whose order they fire, a later one never alone.

    Gates with equal weights differ in their bias: the largest fires first. A relay fires with its
    gate. Cells whose weights differ by a factor are one value under several thresholds: the
    largest weight fires first.
    """
    drive = np.concatenate([n.into, n.recurrent], axis=1)
    gate_rank, gate_key = _sorted(drive, n.bias)
    relayed = np.count_nonzero(n.mix, axis=1) == 1
    peak = np.abs(n.mix).max(axis=1)
    shape = np.divide(n.mix, peak[:, None], out=np.zeros_like(n.mix), where=peak[:, None] > 0)
    rank, key = _sorted(shape, peak)
    gate = np.abs(n.mix).argmax(axis=1)
    rank = np.where(relayed, gate_rank[gate], rank)
    key = np.where(relayed, gate_key[gate] + len(n.mix), key)
    return [
        at[np.argsort(rank[at], kind="stable")]
        for at in (np.nonzero(key == each)[0] for each in np.unique(key))
    ]


def _sorted(rows: Array, strength: Array) -> tuple[Ints, Ints]:
    """Each row's place by falling strength, and a number that equal rows share."""
    _, key = np.unique(rows, axis=0, return_inverse=True)
    rank = np.empty(len(rows), np.int64)
    rank[np.argsort(-strength, kind="stable")] = np.arange(len(rows))
    return rank, key.reshape(-1).astype(np.int64)


def whole(exact: Array, chains: Sequence[Ints]) -> Ints:
    """The nearest integers; along a chain every partial sum is the nearest, as no others occur.

    exact  (targets, sources)
    """
    rounded: Ints = np.round(exact).astype(np.int64)
    for chain in chains:
        sums = np.round(np.cumsum(exact[:, chain], axis=1)).astype(np.int64)
        rounded[:, chain] = np.diff(sums, axis=1, prepend=0)
    return rounded
