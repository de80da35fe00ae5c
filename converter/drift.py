"""Where two rasters of the same network part: the measure of every re-execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking.errors import DriftError, EmptyDataError, ShapeError

Raster = NDArray[np.bool_] | NDArray[np.float32]


@dataclass(frozen=True)
class Drift:
    """Differing spikes of two runs.

    differing  bins (sample, step, neuron) in which the two runs said different things
    total      bins compared
    first      "population, step, sample, unit" of the earliest difference, "" without one
    """

    differing: int
    total: int
    first: str

    def require_none(self, *, what: str) -> None:
        """DriftError unless every bin is equal; `what` names the run that was compared."""
        if self.differing:
            raise DriftError(
                f"{what} differs from the network in {self.differing} of {self.total} spikes, "
                f"first at {self.first}"
            )


def require_samples(x: Tensor) -> None:
    """EmptyDataError where x (batch, time, input) holds nothing that a comparison could run on."""
    if 0 in x.shape[:2]:
        raise EmptyDataError(f"x has shape {tuple(x.shape)}; it proves nothing about the file")


def rasters(spikes: Mapping[str, Tensor]) -> dict[str, Raster]:
    """Spikes of a run as arrays: bool where they are, float32 where a spike carries a number.

    Trains without a wire, which a product has that needs no neuron, are left out.
    """
    return {
        name: (value if value.dtype == torch.bool else value.float()).cpu().numpy()
        for name, value in spikes.items()
        if value.numel()
    }


def drift(expected: Mapping[str, NDArray[Any]], actual: Mapping[str, NDArray[Any]]) -> Drift:
    """Compare rasters {"l0.z": (batch, time, hidden, levels), ...} over the expected populations.

    Raises ShapeError where a population is missing or shaped differently.
    """
    differing, total, first, earliest = 0, 0, "", None
    for name, wanted in expected.items():
        found = actual.get(name)
        if found is None or found.shape != wanted.shape:
            raise ShapeError(
                f"population {name}: expected a raster of {wanted.shape}, "
                f"got {None if found is None else found.shape}"
            )
        places = np.argwhere(found != wanted)
        differing += len(places)
        total += wanted.size
        if len(places):
            sample, step, unit = (int(n) for n in places[np.argmin(places[:, 1])][:3])
            if earliest is None or step < earliest:
                earliest = step
                first = f"{name}, step {step}, sample {sample}, unit {unit}"
    return Drift(differing, total, first)
