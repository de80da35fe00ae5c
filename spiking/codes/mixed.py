"""One code inside the unit, another for what leaves it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..activation import Activation
from ..errors import ConfigError
from .adaptive import Adaptive
from .code import Code, Memory, Said, Site
from .compound import Compound
from .population import Population
from .rate import Rate

Plain = Adaptive | Compound | Population | Rate


@dataclass(frozen=True)
class Mixed(Code):
    """u = z - i in the code `inner`, h = act(c) - o in the code `outer`.

    The two have different needs: an error of u adds up in the cell, one of h reaches every unit.
    `Mixed(Population(4), Population(16))` is a population with levels of their own for z and i and
    for o and the cell; `Mixed(Rate(2), Compound(8))` fires inside and sends graded changes.
    """

    inner: Plain
    outer: Plain

    def __post_init__(self) -> None:
        """ConfigError for a mixture of mixtures."""
        for part in (self.inner, self.outer):
            if isinstance(part, Mixed):
                raise ConfigError("a mixture has two plain codes; name them both")

    @property
    def levels(self) -> float:
        """Those of h."""
        return self.outer.levels

    @property
    def micro_steps(self) -> int:
        """Half of each, both windows or the one tick."""
        return (self.inner.micro_steps + self.outer.micro_steps + 1) // 2

    @property
    def outward(self) -> tuple[str, ...]:
        """Those of h."""
        return self.outer.outward

    @property
    def persistent(self) -> bool:
        """As h is said."""
        return self.outer.persistent

    @property
    def local(self) -> int:
        """Every cell neuron of the output's code, where the inner one fires at all."""
        return max(self.outer.local, 1) if self.inner.local else 0

    @property
    def reach(self) -> float:
        """That of h."""
        return self.outer.reach

    def copies(self, gate: str) -> int:
        """Z and i (and f) in the inner code, o in the outer one."""
        return (self.outer if gate == "o" else self.inner).copies(gate)

    def supports(self, activation: Activation) -> str:
        """Both have to."""
        return self.inner.supports(activation) or self.outer.supports(activation)

    def start(self, like: Tensor) -> Memory:
        """Of each code what it remembers of its own value."""
        memory = {k: v for k, v in self.inner.start(like).items() if k[0] in "dzi"}
        return memory | {k: v for k, v in self.outer.start(like).items() if k[0] in "hso"}

    def update(self, z: Tensor, i: Tensor, memory: Memory, site: Site) -> Said:
        """The inner code's u, in the outer one's quanta."""
        said = self.inner.update(z, i, memory, site)
        scale = self.outer.levels / self.inner.levels
        trains = {name: train * scale for name, train in said.trains.items()}
        return Said(said.value.double() * scale, said.counts, trains, memory | said.memory)

    def output(self, cell: Tensor, o: Tensor, memory: Memory, site: Site) -> Said:
        """The outer code's h."""
        said = self.outer.output(cell, o, memory, site)
        return said._replace(memory=memory | said.memory)

    def effort(self, h: Tensor) -> Tensor:
        """Of h."""
        return self.outer.effort(h)
