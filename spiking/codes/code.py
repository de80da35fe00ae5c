"""What every code can do: say the three values of a unit, in spikes or as its twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from torch import Tensor

from ..activation import Activation

# residuals and other memory of coders, by the signal they belong to
Memory = dict[str, Tensor]


class Site(NamedTuple):
    """Where a code is used, and what is wanted of it.

    activation  of the gates and the cell
    unit        step of a drive on the fixed-point grid; None off the grid
    spell       True: emit spike after spike; False: the closed form, the quantised twin
    """

    activation: Activation
    unit: float | None = None
    spell: bool = False


class Said(NamedTuple):
    """One value of a step as its receivers get it.

    value   in quanta of 1/levels; its gradient is that of the value before rounding
    counts  {"z": spikes of each unit in this step (batch, hidden), ...}
    trains  {"z": what each spike adds to the value, in quanta; 0 where none, ...}, each
            (batch, hidden, wires), wires being neurons or micro-steps; empty unless spelled
    memory  of the coder after the step
    """

    value: Tensor  # (batch, hidden)
    counts: Mapping[str, Tensor]
    trains: Mapping[str, Tensor]
    memory: Memory


class Code(Protocol):
    """How the values of a subLSTM unit become spikes.

    A unit has two values that only matter as differences, u = z - i and h = act(c) - o. `update`
    says u to the unit's own cell, `output` says h to everyone else. Whatever is rounded is rounded
    in the closed form exactly as the spikes do it, bit for bit. What has a body here is what most
    codes do; a code that inherits says only what is its own.
    """

    @property
    def levels(self) -> float:
        """Quanta in a value of 1."""
        ...

    @property
    def micro_steps(self) -> int:
        """Ticks of the spiking network's clock in one input step."""
        ...

    @property
    def outward(self) -> tuple[str, ...]:
        """Trains that leave the unit, and so cost its whole fan-out."""
        ...

    @property
    def persistent(self) -> bool:
        """True: a spike changes what its receivers hold; False: it counts for one step."""
        return False

    @property
    def local(self) -> int:
        """Cell neurons that a spike of an inner train reaches."""
        return 1

    def copies(self, gate: str) -> int:
        """Neurons that a spike from outside reaches for a weight into `gate`, one of z, i, o, f."""
        del gate
        return 1

    @property
    def reach(self) -> float:
        """Largest |h| that it can say."""
        return 1.0

    def supports(self, activation: Activation) -> str:
        """Why this code cannot say values of `activation`; empty where it can."""
        ...

    def start(self, like: Tensor) -> Memory:
        """The coders' memory before the first step; like (batch, hidden) float64."""
        ...

    def update(self, z: Tensor, i: Tensor, memory: Memory, site: Site) -> Said:
        """U = act(z) - act(i) from the drives of both gates (batch, hidden)."""
        ...

    def output(self, cell: Tensor, o: Tensor, memory: Memory, site: Site) -> Said:
        """H = act(c) - act(o) from the cell in quanta (float64) and the drive of o."""
        ...

    def effort(self, h: Tensor) -> Tensor:
        """Spikes a unit and step that leave the unit, smooth in h (batch, time, hidden); scalar."""
        ...
