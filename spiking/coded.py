"""A subLSTM network in any spike code: spike by spike, and its quantised twin."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .classifier import require_sequences
from .coded_layer import CodedLayer, CodedState, CodedStep
from .codes import Code
from .compiled import Ran, can_compile, run_compiled
from .errors import ConfigError, ShapeError
from .lengths import checked_lengths, last_valid
from .network import NetworkRun
from .precision import Grid, received

__all__ = ["CodedLayer", "CodedNetwork", "CodedState", "CodedStep"]


class CodedNetwork(nn.Module):
    """Layers in one spike code and a linear readout; the call of `SubLSTMClassifier`.

    `step` is slow and obvious: torch operations, spike by spike. `run` takes the C++ core where it
    can, which is compared with it.
    """

    def __init__(self, layers: list[CodedLayer], readout: nn.Linear | None) -> None:
        super().__init__()
        if not layers:
            raise ConfigError("a spiking network needs at least one layer")
        if any((each.code, each.grid) != (layers[0].code, layers[0].grid) for each in layers):
            raise ConfigError(
                "the layers differ in their code or grid; one network has one of each"
            )
        self.layers = nn.ModuleList(layers)
        self.readout = readout

    @property
    def stack(self) -> list[CodedLayer]:
        """The layers, typed."""
        return [layer for layer in self.layers if isinstance(layer, CodedLayer)]

    @property
    def code(self) -> Code:
        """The code of the layers."""
        return self.stack[0].code

    @property
    def grid(self) -> Grid | None:
        """The fixed-point grid that all numbers lie on; None before `quantize`."""
        return self.stack[0].grid

    @property
    def input_size(self) -> int:
        """Entries of the input at one step."""
        return self.stack[0].input_size

    def encode(self, x: Tensor) -> Tensor:
        """Inputs as the first layer receives them (`spiking.precision.received`)."""
        return received(x.to(self.stack[0].weight_ih.dtype), self.grid)

    def initial_state(self, batch: int) -> tuple[CodedState, ...]:
        """Silence in every layer."""
        return tuple(layer.initial_state(batch) for layer in self.stack)

    def step(
        self, x: Tensor, state: tuple[CodedState, ...], *, spell: bool = True
    ) -> tuple[tuple[CodedStep, ...], tuple[CodedState, ...]]:
        """One time step of inputs as received (batch, input), through every layer."""
        did: list[CodedStep] = []
        after: list[CodedState] = []
        trains = None
        for layer, before in zip(self.stack, state, strict=True):
            done, now = layer.step(
                after[-1].counts if after else x, before, trains=trains, spell=spell
            )
            did.append(done)
            after.append(now)
            trains = {name: done.trains[name] for name in self.code.outward} if spell else None
        return tuple(did), tuple(after)

    def run(
        self,
        x: Tensor,
        *,
        lengths: Tensor | None = None,
        state: tuple[CodedState, ...] | None = None,
        record: bool = False,
        spell: bool = True,
    ) -> NetworkRun:
        """The whole sequence x (batch, time, input).

        lengths  valid steps of each sample (batch,); spikes beyond them are not counted
        state    None starts from silence; `NetworkRun.state` goes on where a run ended
        record   also keep every spike, c and h of every layer ("l0.h" in `cells`)
        spell    spike after spike; False runs the quantised twin, which has the same values and
                 counts, no spikes to record, and gradients
        """
        require_sequences(x, features=self.input_size)
        batch, steps, _ = x.shape
        if lengths is not None:
            lengths = checked_lengths(lengths, batch=batch, steps=steps).to(x.device)
        state = self.initial_state(batch) if state is None else state
        if len(state) != len(self.layers) or state[0].cell.shape[0] != batch:
            raise ShapeError(
                f"the state is for {len(state)} layers and batch {state[0].cell.shape[0]}, the "
                f"network has {len(self.layers)} layers, the input batch {batch}"
            )
        if spell and self.compiled(x, record=record):
            ran = run_compiled(self.stack, self.encode(x), state, lengths=lengths, record=record)
        else:
            ran = self._stepwise(x, state, lengths=lengths, record=record, spell=spell)
        logits = None if self.readout is None else self._read_out(ran.counts)
        return NetworkRun(ran.counts / self.code.levels, logits, *ran[1:])

    def compiled(self, x: Tensor, *, record: bool = False) -> bool:
        """Whether `run` sends these inputs through the C++ core: on the grid, and not learning."""
        wanted = any(value.requires_grad for value in (x, *self.parameters()))
        learning = torch.is_grad_enabled() and wanted
        return self.grid is not None and not learning and can_compile(self.stack, x, record=record)

    def _stepwise(
        self,
        x: Tensor,
        state: tuple[CodedState, ...],
        *,
        lengths: Tensor | None,
        record: bool,
        spell: bool,
    ) -> Ran:
        """`step` over time, and bookkeeping."""
        outputs: list[Tensor] = []
        totals: dict[str, Tensor] = {}
        spikes: dict[str, list[Tensor]] = {}
        cells: dict[str, list[Tensor]] = {}
        for t, x_t in enumerate(self.encode(x).unbind(1)):
            did, state = self.step(x_t, state, spell=spell)
            outputs.append(state[-1].counts)
            for index, (done, now) in enumerate(zip(did, state, strict=True)):
                for name, fired in done.counts.items():
                    key = f"l{index}.{name}"
                    total = fired.detach().to(torch.int64)
                    if lengths is not None:
                        total = total * (t < lengths).unsqueeze(1)
                    totals[key] = totals[key] + total if key in totals else total
                if record:
                    cells.setdefault(f"l{index}.c", []).append(now.cell / self.code.levels)
                    cells.setdefault(f"l{index}.h", []).append(now.counts / self.code.levels)
                    for name, train in done.trains.items():
                        spikes.setdefault(f"l{index}.{name}", []).append(train)
        return Ran(
            torch.stack(outputs, 1),
            state,
            totals,
            {name: _padded(trains) for name, trains in spikes.items()},
            {name: torch.stack(each, 1) for name, each in cells.items()},
        )

    def _read_out(self, counts: Tensor) -> Tensor:
        if self.readout is None:
            raise ConfigError("the network has no readout")
        return nn.functional.linear(
            counts, self.readout.weight / self.code.levels, self.readout.bias
        )

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits (batch, classes) at the last valid step; h there when there is no readout.

        By the twin where it learns, which equals the spikes' own (`run`).
        """
        done = self.run(x, lengths=lengths, spell=self.compiled(x))
        values = done.output if done.logits is None else done.logits
        if lengths is not None:
            lengths = checked_lengths(lengths, batch=x.shape[0], steps=x.shape[1]).to(x.device)
        return last_valid(values, lengths)


def _padded(trains: list[Tensor]) -> Tensor:
    """(batch, time, hidden, wires); steps with fewer wires are silent on the rest."""
    wires = max(train.shape[-1] for train in trains)
    return torch.stack(
        [nn.functional.pad(train, (0, wires - train.shape[-1])) for train in trains], 1
    )
