"""The three verbs: check a graph against a chip, place it, run it."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, DoesNotFitError, ShapeError

from .target import Placement, Run, Target, Violation
from .targets import TARGETS

# the array whose columns are the input channels, in either core
_INPUTS = ("input.weight", "l0.into.weight")


def check(graph: nir.NIRGraph, target: Target, *, dt: float) -> tuple[Violation, ...]:
    """Every rule of `target` that `graph` breaks; empty where it fits.

    dt  seconds per step that the graph's time constants were written for
    """
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    return target.core.check(graph, target, dt)


def place(graph: nir.NIRGraph, target: Target, *, dt: float) -> Placement:
    """Put `graph` on `target`: weights, thresholds and decays in the chip's integers.

    Raises DoesNotFitError that lists every broken rule, with what the network has, the limit,
    and what to do.
    """
    faults = check(graph, target, dt=dt)
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise DoesNotFitError(f"{target.name}: {len(faults)} rules are broken:\n{lines}", faults)
    arrays, notes = target.core.place(graph, target, dt)
    return Placement(target.name, dt, arrays, notes)


def simulate(placement: Placement, inputs: NDArray[Any], *, vendor: bool = False) -> Run:
    """Run a placed network on inputs (batch, time, inputs), each sample from silence.

    vendor  in the vendor's own simulator instead of our emulator; both are equal, bit for bit

    Raises ShapeError for a wrong number of axes or entries, ConfigError for inputs that the chip
    cannot take, MissingSoftwareError where the vendor's simulator is not installed.
    """
    target = TARGETS[placement.target]
    first = next(a for name, a in placement.arrays.items() if name in _INPUTS)
    if inputs.ndim != 3 or inputs.shape[1] < 1 or inputs.shape[2] != first.shape[1]:
        raise ShapeError(
            f"inputs have shape {inputs.shape}; expected (batch, time >= 1, {first.shape[1]})"
        )
    if not np.isfinite(inputs).all():
        raise ConfigError("inputs hold NaN or infinity")
    return target.core.simulate(placement, target, inputs, vendor)
