"""How two runs of the same network agree: on every bin of their rasters, never on mean rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rasters = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Agreement:
    """One run beside another.

    differing  bins (sample, step, neuron) in which the two fired differently often
    total      bins compared
    spikes     of the one and of the other, in what both show
    first      earliest step at which they part; None where they never do
    unseen     populations that the other does not show, or shows in another shape
    outputs    entries of the output that differ, where it was compared
    """

    differing: int
    total: int
    spikes: tuple[int, int]
    first: int | None
    unseen: tuple[str, ...] = ()
    outputs: int = 0

    @property
    def equal(self) -> bool:
        """Every bin of every population, and every output."""
        return not (self.differing or self.unseen or self.outputs)

    @property
    def ratio(self) -> float:
        """Spikes of the other over spikes of the one; 1 where neither fired."""
        one, other = self.spikes
        return other / one if one else 1.0 if other == 0 else float("inf")

    @property
    def share(self) -> float:
        """Of the bins that differ; 0 of no bins."""
        return self.differing / max(1, self.total)


def agreement(
    one: Rasters, other: Rasters, outputs: tuple[NDArray[Any], NDArray[Any]] | None = None
) -> Agreement:
    """Compare the populations {"l0.z": (batch, time, ...)} of `one` with those of `other`.

    outputs  of the one and of the other, (batch, time, n), where they are to be compared as well
    """
    differing = total = wrong = 0
    spikes = np.zeros(2, dtype=np.int64)
    steps: list[int] = []
    unseen = []
    for name, wanted in one.items():
        found = other.get(name)
        if found is None or found.shape != wanted.shape:
            unseen.append(name)
            continue
        places = found != wanted
        differing += int(places.sum())
        total += wanted.size
        spikes += [_fired(wanted), _fired(found)]
        steps += _first(places)
    if outputs is not None:
        wanted, found = outputs
        places = np.ones(wanted.shape, bool) if found.shape != wanted.shape else found != wanted
        wrong = int(places.sum())
        steps += _first(places)
    pair = (int(spikes[0]), int(spikes[1]))
    return Agreement(differing, total, pair, min(steps, default=None), tuple(unseen), wrong)


def _fired(raster: NDArray[Any]) -> int:
    """Spikes; of spikes that carry numbers, how many carry one."""
    whole = raster.dtype.kind in "biu"
    return int(raster.sum(dtype=np.int64)) if whole else int(np.count_nonzero(raster))


def _first(places: NDArray[np.bool_]) -> list[int]:
    """The first step (axis 1) at which any place is marked, if there is one."""
    marked = places.any(axis=tuple(axis for axis in range(places.ndim) if axis != 1))
    return [int(np.argmax(marked))] if marked.any() else []


def merged(agreements: Iterable[Agreement]) -> Agreement:
    """All bins of all of them together."""
    every = list(agreements)
    steps = [each.first for each in every if each.first is not None]
    return Agreement(
        sum(each.differing for each in every),
        sum(each.total for each in every),
        (sum(each.spikes[0] for each in every), sum(each.spikes[1] for each in every)),
        min(steps, default=None),
        tuple(dict.fromkeys(name for each in every for name in each.unseen)),
        sum(each.outputs for each in every),
    )
