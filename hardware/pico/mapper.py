"""The vendor's own mapper: whether a bank fits an Akida Pico, and what it takes there."""

from __future__ import annotations

import numpy as np

from spiking.errors import WorkerError

from ..configuration import Configuration
from ..simulator import Simulator, answered

AKIDA = Simulator("akida", "akida 2.19.3", "scripts/vendors akida", apart=True)


def mapped(configuration: Configuration) -> dict[str, int]:
    """What `Model.map(PicoIP(), hw_only=True)` takes of the chip, in the mapper's own words.

    Raises MissingSoftwareError where akida is not installed, and WorkerError with what the mapper
    says where it refuses.
    """
    nothing = np.zeros((1, 1, configuration.network.entry.channels), np.int64)
    answer = answered(AKIDA, (configuration, nothing, []))
    try:
        return {str(name): int(value) for name, value in answer["mapped"].items()}
    except (LookupError, TypeError, ValueError) as error:
        raise WorkerError(f"{AKIDA.name} wrote garbage: {error}") from error
