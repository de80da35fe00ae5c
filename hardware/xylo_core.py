"""How Xylo chips are checked, placed and run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError

from .emulator import emulate
from .quantise import quantised
from .rules import broken_rules
from .target import Core, Placement, Run, Target
from .vendor import run_xylosim


def _simulate(placement: Placement, target: Target, inputs: NDArray[Any], vendor: bool) -> Run:  # noqa: FBT001  the core's protocol
    most = target.limits.input_spikes
    if not np.array_equal(inputs, np.round(inputs)) or inputs.min(initial=0) < 0:
        raise ConfigError("inputs of this chip are spike counts: whole numbers, 0 or more")
    if most is not None and inputs.max(initial=0) > most:
        raise ConfigError(
            f"an input channel fires {int(inputs.max())} times in a step; {target.name} takes "
            f"{most}"
        )
    return run_xylosim(placement, inputs) if vendor else emulate(placement, target, inputs)


XYLO_CORE = Core(check=broken_rules, place=quantised, simulate=_simulate)
