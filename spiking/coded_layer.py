"""A subLSTM layer in any spike code, step by step: the definition, and its quantised twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, nn

from .activation import ACTIVATIONS
from .codes import Code, Site
from .codes.code import Memory
from .errors import ConfigError, CoverageError, ShapeError
from .forgetting import Forgetting
from .precision import Grid


class CodedState(NamedTuple):
    """What a layer remembers between steps.

    cell    c in quanta                                                   # (batch, hidden) float64
    counts  h in quanta                                                   # (batch, hidden)
    heard   what its own spikes of the last step do to the gates, R h     # (batch, gates * hidden)
    below   what the layer below has said, where changes add up: W h      # the same, or empty
    memory  of the coders
    """

    cell: Tensor
    counts: Tensor
    heard: Tensor
    below: Tensor
    memory: Memory


class CodedStep(NamedTuple):
    """What a layer did in a step; see `Said` for counts and trains."""

    counts: Mapping[str, Tensor]
    trains: Mapping[str, Tensor]


class CodedLayer(nn.Module):
    """Fix-subLSTM or subLSTM units whose values are said in a spike code.

        a = W x_t + R h_{t-1} + b,   C_t = forget(C_{t-1}) + u_t,   u = z - i,   h = act(c) - o

    with u and h as the code says them, C the cell in quanta. Step t's spikes are heard at t + 1 by
    the layer itself, within t by the layer above.

    weight_ih  per unit of value   # (gates * hidden, input); rows z, i, o, and f where computed
    weight_hh  # (gates * hidden, hidden)
    bias       # (gates * hidden,)
    forget     the constant f (hidden,), or the way in which a computed f_t c_{t-1} is formed
    below      levels of the layer below, None for analog input

    Raises CoverageError where the code cannot say values of the activation, ShapeError.
    """

    def __init__(
        self,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        forget: Tensor | Forgetting,
        *,
        code: Code,
        activation: str = "sigmoid",
        below: float | None = None,
        grid: Grid | None = None,
    ) -> None:
        super().__init__()
        self.code = code
        self.activation = ACTIVATIONS[activation]
        self.below = below
        self.grid = grid
        gates = 3 if isinstance(forget, Tensor) else 4
        hidden = weight_hh.shape[1]
        expected = {
            "weight_ih": (gates * hidden, weight_ih.shape[-1]),
            "weight_hh": (gates * hidden, hidden),
            "bias": (gates * hidden,),
        }
        for name, value in zip(expected, (weight_ih, weight_hh, bias), strict=True):
            if tuple(value.shape) != expected[name]:
                raise ShapeError(f"{name} has shape {tuple(value.shape)}, not {expected[name]}")
        reason = code.supports(self.activation)
        if gates == 4 and activation == "adaptive":
            reason = "an adaptive forget gate exceeds 1; train with forget='fixed'"
        if reason:
            raise CoverageError(reason)
        self.weight_ih = nn.Parameter(weight_ih.detach().clone().float())
        self.weight_hh = nn.Parameter(weight_hh.detach().clone().float())
        self.bias = nn.Parameter(bias.detach().clone().float())
        self.forget: nn.Parameter | Forgetting = (
            nn.Parameter(forget.detach().clone().double()) if isinstance(forget, Tensor) else forget
        )

    @property
    def forgetting(self) -> Forgetting | None:
        """How a computed forget is formed; None where it is a constant."""
        return None if isinstance(self.forget, Tensor) else self.forget

    @property
    def margin(self) -> float:
        """What a sum of the grid has to hold beside a drive."""
        return 1.0

    @property
    def hidden_size(self) -> int:
        """Units."""
        return int(self.weight_hh.shape[1])

    @property
    def input_size(self) -> int:
        """Entries of the input at one step."""
        return int(self.weight_ih.shape[1])

    def rebuilt(
        self,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        forget: Tensor | Forgetting,
        *,
        grid: Grid | None,
    ) -> CodedLayer:
        """A layer like this one with other numbers."""
        return CodedLayer(
            weight_ih,
            weight_hh,
            bias,
            forget,
            code=self.code,
            activation=self.activation.name,
            below=self.below,
            grid=grid,
        )

    def initial_state(self, batch: int) -> CodedState:
        """Silence: c = 0, h = 0, coders at rest."""
        rows, hidden = self.weight_hh.shape
        zeros = self.weight_hh.new_zeros(batch, hidden, requires_grad=False)
        drive = zeros.new_zeros(batch, rows)
        return CodedState(zeros.double(), zeros, drive, drive, self.code.start(zeros.double()))

    def step(
        self, x: Tensor, state: CodedState, *, trains: Mapping[str, Tensor] | None, spell: bool
    ) -> tuple[CodedStep, CodedState]:
        """One step; the state is an argument and a result.

        x       (batch, input): analog, or h of the layer below in quanta
        trains  spikes of the layer below, where they are spelled out and there is one
        spell   spike after spike, or the closed form
        """
        site = Site(self.activation, None if self.grid is None else self.grid.unit, spell)
        below = state.below
        weight = self.weight_ih if self.below is None else self.weight_ih / self.below
        if trains is None:
            # on the grid a sum is the same however its spikes come in
            drive = nn.functional.linear(x, weight)
            below = below if self.below is None else drive
        else:
            said = _listen(trains, weight)
            drive = below = said + below if self.code.persistent else said
        gates = (drive + self.bias + state.heard).chunk(3 if self.forgetting is None else 4, dim=1)
        update = self.code.update(gates[0], gates[1], state.memory, site)
        counts, spelled = dict(update.counts), dict(update.trains)
        if isinstance(self.forget, Tensor):
            kept = self.forget * state.cell
        else:
            left = self.forget(
                state.cell, gates[3], self.activation, levels=self.code.levels, spell=spell
            )
            kept, counts["f"], counts["f.synops"] = left.cell, left.spikes, left.synops
            if spell:
                spelled["f"] = left.raster
        cell = kept + update.value.double()
        output = self.code.output(cell, gates[2], update.memory, site)
        counts |= output.counts
        spelled |= output.trains
        recurrent = self.weight_hh / self.code.levels
        if spell:
            heard = _listen({n: spelled[n] for n in self.code.outward}, recurrent)
            heard = state.heard + heard if self.code.persistent else heard
        else:
            heard = nn.functional.linear(output.value, recurrent)
        after = CodedState(cell, output.value, heard, below, output.memory)
        return CodedStep(counts, spelled), after


def _listen(trains: Mapping[str, Tensor], weight: Tensor) -> Tensor:
    """What spikes do at their receivers, wire after wire.  # (batch, gates * hidden)"""
    total: Tensor | float = 0.0
    for train in trains.values():
        for wire in train.unbind(-1):
            total = total + nn.functional.linear(wire, weight)
    if not isinstance(total, Tensor):
        raise ConfigError("a step without a train has nothing to be heard")
    return total
