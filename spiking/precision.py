"""The fixed-point grid on which every exported network lives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import ConfigError, NotFiniteError

# A float32 holds every integer up to 2^24: sums of that many units are exact in any order.
EXACT_UNITS = 2**24


@dataclass(frozen=True)
class Grid:
    """Where numbers may lie so that float32 in any order and true integers agree bit for bit.

    weight_bits  weights per spike (and per input unit) are multiples of 2^-weight_bits
    input_bits   inputs are multiples of 2^-input_bits
    input_max    largest magnitude of an input; larger ones are clipped on entry
    forget_bits  the constant forget is a multiple of 2^-forget_bits, below 1

    Drives (sums of products and bias) are then multiples of `unit`; gate thresholds stand on odd
    multiples of unit/2, so that no drive ever ties with one. Every sum, counted in unit/2, stays
    below 2^23 (`limit`), so that the difference of two drives is exact as well: one consumer
    writes the memoryless membrane as v + (x - v).
    """

    weight_bits: int
    input_bits: int
    input_max: float
    forget_bits: int = 12

    def __post_init__(self) -> None:
        """ConfigError for bits or a range that cannot be meant."""
        for name in ("weight_bits", "input_bits", "forget_bits"):
            if not 0 <= getattr(self, name) <= 24:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must lie in 0..24")
        if not 0.0 < self.input_max < float("inf"):
            raise ConfigError(f"input_max is {self.input_max}; it must be positive and finite")

    @property
    def unit(self) -> float:
        """Step of a drive: 2^-(weight_bits + input_bits)."""
        return 2.0 ** -(self.weight_bits + self.input_bits)

    @property
    def limit(self) -> float:
        """Largest magnitude that a drive may reach: 2^23 half units, exclusive."""
        return EXACT_UNITS // 2 * self.unit / 2.0


def received(x: Tensor, grid: Grid | None) -> Tensor:
    """Inputs as a first layer receives them: clipped to and rounded on the grid, if any.

    Raises NotFiniteError where x holds NaN or infinity.
    """
    if not bool(torch.isfinite(x).all()):
        raise NotFiniteError(
            f"{int((~torch.isfinite(x)).sum())} inputs are NaN or infinite; clean the data"
        )
    if grid is None:
        return x
    scale = 2.0**grid.input_bits
    return torch.round(x.clamp(-grid.input_max, grid.input_max) * scale) / scale
