"""The compound code: gates are computed inside the unit, and only its output h leaves it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..activation import Activation
from ..errors import ConfigError
from ..straight import straight
from .code import Code, Memory, Said, Site

MESSAGES = ("bits", "delta")
_MOST_LEVELS = 2**16


@dataclass(frozen=True)
class Compound(Code):
    """h rounded to n/levels, n = round(levels h), said in one micro-step.

    levels   quanta in a value of 1; error at most 1/(2 levels)
    message  "delta": graded sigma-delta, one message n_t - n_{t-1} whenever that is not 0, and
             every receiver holds the sum; "bits": the non-zero digits of n in canonic signed form
             (Reitwiesner 1960), n = sum_k d_k 2^k, d_k in {-1, 0, 1}, no two neighbours non-zero,
             a spike on wire k for every digit

    What the gates do needs a unit that computes: a simulator, an FPGA, Loihi 2, ONNX.
    """

    levels: int = 16
    message: str = "delta"

    def __post_init__(self) -> None:
        """ConfigError for levels or messages that cannot be built."""
        if not 1 <= self.levels <= _MOST_LEVELS:
            raise ConfigError(f"levels is {self.levels}; it must lie in 1..{_MOST_LEVELS}")
        if self.message not in MESSAGES:
            raise ConfigError(f"message {self.message!r} is not known; choose one of {MESSAGES}")

    @property
    def micro_steps(self) -> int:
        """A message, or all digits at once."""
        return 1

    @property
    def outward(self) -> tuple[str, ...]:
        """Nothing else leaves the unit."""
        return ("h",)

    @property
    def persistent(self) -> bool:
        """Changes add up at the receiver; digits are said anew each step."""
        return self.message == "delta"

    @property
    def local(self) -> int:
        """No inner train has spikes."""
        return 0

    @property
    def wires(self) -> int:
        """Digits of the largest n."""
        return 1 if self.persistent else math.ceil(math.log2(self.levels)) + 2

    def supports(self, activation: Activation) -> str:
        """Any activation can be computed inside."""
        del activation
        return ""

    def start(self, like: Tensor) -> Memory:
        """The last n that was said; 0."""
        return {"h": torch.zeros_like(like)} if self.persistent else {}

    def update(self, z: Tensor, i: Tensor, memory: Memory, site: Site) -> Said:
        """Z - i inside the unit, not rounded."""
        act = site.activation.function
        return Said((act(z.double()) - act(i.double())) * self.levels, {}, {}, memory)

    def output(self, cell: Tensor, o: Tensor, memory: Memory, site: Site) -> Said:
        """N and the message that says it."""
        act = site.activation.function
        # in float64, where a sigmoid has the same bits on every machine
        smooth = (act(cell / self.levels) - act(o.double())) * self.levels
        exact = torch.round(smooth.detach())
        n, value = exact.to(o.dtype), straight(exact, smooth).to(o.dtype)
        if self.persistent:
            change = exact - memory["h"]
            trains = {"h": change.to(o.dtype).unsqueeze(-1)} if site.spell else {}
            return Said(value, {"h": (change != 0).to(o.dtype)}, trains, {"h": exact})
        if not site.spell:
            return Said(value, {"h": digits_needed(n)}, {}, memory)
        digits = signed_digits(n, wires=self.wires)
        return Said(value, {"h": (digits != 0).sum(-1).to(o.dtype)}, {"h": digits}, memory)

    def effort(self, h: Tensor) -> Tensor:
        """Levels |h_t - h_{t-1}|, which bounds the messages; of digits |h| levels is a proxy."""
        change = h.diff(dim=1) if self.persistent else h
        return change.abs().mean() * self.levels


def signed_digits(n: Tensor, *, wires: int) -> Tensor:
    """Canonic signed digits times their weight, (..., wires): sum over the last axis is n.

    From the lowest: an odd rest takes the digit in {-1, 1} that makes the next rest even.
    """
    rest, digits = n.long(), []
    for k in range(wires):
        odd = rest.remainder(2)
        digit = torch.where(odd == 1, 2 - rest.remainder(4), 0)
        digits.append(digit * 2**k)
        rest = (rest - digit) // 2
    return torch.stack(digits, -1).to(n.dtype)


def digits_needed(n: Tensor) -> Tensor:
    """How many of them are not 0: the ones of 3|n| xor |n|."""
    size = n.abs().long()
    bits, count = (3 * size) ^ size, torch.zeros_like(size)
    for _ in range(20):
        count += bits & 1
        bits = bits >> 1
    return count.to(n.dtype)
