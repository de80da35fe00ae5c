"""Spiking subLSTM layers and a linear readout over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from . import kernels
from .cell import CellSpikes, CellState
from .classifier import require_sequences
from .codes import Population
from .errors import ConfigError, ShapeError
from .lengths import checked_lengths, last_valid
from .neuron import SpikingSubLSTM
from .precision import Grid, received


class NetworkStep(NamedTuple):
    """What one step produced: spikes of each layer, the top layer's value, and logits.

    spikes  one `CellSpikes` a layer, each population (batch, hidden, levels)
    output  h_t of the top layer, K h_t / K         # (batch, hidden)
    logits  readout of h_t, None without a readout  # (batch, classes)
    """

    spikes: tuple[CellSpikes, ...]
    output: Tensor
    logits: Tensor | None


@dataclass(frozen=True)
class NetworkRun:
    """A whole sequence: values per step, the state after it, and the spikes.

    output  (batch, time, hidden), logits (batch, time, classes) or None
    state   of every layer, as the network takes it again
    counts  {"l0.z": spikes per sample and unit within its valid steps (batch, hidden) int64, ...};
            "l0.f.synops" holds synapses that a computed forget reached
    spikes  {"l0.z": (batch, time, hidden, levels) bool, ...} where recording was asked for
    cells   {"l0.c": cell state c (batch, time, hidden) float64, ...} likewise
    """

    output: Tensor
    logits: Tensor | None
    state: tuple[Any, ...]
    counts: dict[str, Tensor]
    spikes: dict[str, Tensor]
    cells: dict[str, Tensor]


class SpikingNetwork(nn.Module):
    """What `convert` returns: a spiking network with the same call as `SubLSTMClassifier`.

    layers   `SpikingSubLSTM` from input to top
    readout  linear map of the top layer's h, or None
    """

    def __init__(self, layers: list[SpikingSubLSTM], readout: nn.Linear | None) -> None:
        super().__init__()
        if not layers:
            raise ConfigError("a spiking network needs at least one layer")
        if any((layer.code, layer.grid) != (layers[0].code, layers[0].grid) for layer in layers):
            raise ConfigError(
                "the layers differ in their code or grid; one network has one of each"
            )
        self.layers = nn.ModuleList(layers)
        self.readout = readout

    @property
    def code(self) -> Population:
        """The code of the layers."""
        return self.stack[0].code

    @property
    def grid(self) -> Grid | None:
        """The fixed-point grid that all numbers lie on; None before `quantize`."""
        return self.stack[0].grid

    @property
    def stack(self) -> list[SpikingSubLSTM]:
        """The layers, typed."""
        return [layer for layer in self.layers if isinstance(layer, SpikingSubLSTM)]

    @property
    def input_size(self) -> int:
        """Entries of the input at one step."""
        return self.stack[0].input_size

    def encode(self, x: Tensor) -> Tensor:
        """Inputs as the first layer receives them: clipped to and rounded on the grid, if any.

        Raises NotFiniteError where x holds NaN or infinity.
        """
        return received(x.to(self.stack[0].weight_ih.dtype), self.grid)

    def initial_state(self, batch: int) -> tuple[CellState, ...]:
        """Silence in every layer."""
        return tuple(layer.initial_state(batch) for layer in self.stack)

    def step(
        self, x: Tensor, state: tuple[CellState, ...] | None = None
    ) -> tuple[NetworkStep, tuple[CellState, ...]]:
        """One time step x (batch, input) through every layer, for streaming.

        Spikes pass from layer to layer within the step; recurrent ones arrive at the next.
        """
        state = self.initial_state(x.shape[0]) if state is None else state
        if len(state) != len(self.layers):
            raise ShapeError(f"state has {len(state)} layers; the network has {len(self.layers)}")
        value, spikes, after = self.encode(x), [], []
        for layer, before in zip(self.stack, state, strict=True):
            fired, now = layer.step(value, before)
            spikes.append(fired)
            after.append(now)
            value = now.counts
        levels = self.code.levels
        logits = None if self.readout is None else self._read_out(value)
        return NetworkStep(tuple(spikes), value / levels, logits), tuple(after)

    def run(
        self,
        x: Tensor,
        *,
        lengths: Tensor | None = None,
        state: tuple[CellState, ...] | None = None,
        record: bool = False,
    ) -> NetworkRun:
        """The whole sequence x (batch, time, input): `step` over time, and bookkeeping.

        lengths  valid steps of each sample (batch,); spikes beyond them are not counted
        record   also keep every spike and cell state (batch * time * neurons bytes)
        """
        require_sequences(x, features=self.input_size)
        if x.is_cuda and torch.backends.cuda.matmul.allow_tf32:
            raise ConfigError(
                "TF32 is on and rounds the grid away; "
                "set torch.backends.cuda.matmul.allow_tf32 = False"
            )
        batch, steps, _ = x.shape
        if lengths is not None:
            lengths = checked_lengths(lengths, batch=batch, steps=steps).to(x.device)
        state = self.initial_state(batch) if state is None else state
        if self.grid is not None and not self._learning(x) and kernels.usable(x):
            return self._run_in_core(x, lengths, state, record=record)
        return self._run_stepwise(x, lengths, state, record=record)

    def _learning(self, x: Tensor) -> bool:
        wanted = any(value.requires_grad for value in (x, *self.parameters()))
        return torch.is_grad_enabled() and wanted

    def _run_in_core(
        self,
        x: Tensor,
        lengths: Tensor | None,
        state: tuple[CellState, ...],
        *,
        record: bool,
    ) -> NetworkRun:
        """Layer after layer in the C++ core; equal to stepping, because the grid is exact."""
        value, k = self.encode(x).transpose(0, 1), self.code.levels
        after: list[CellState] = []
        counts: dict[str, Tensor] = {}
        spikes: dict[str, Tensor] = {}
        cells: dict[str, Tensor] = {}
        for index, (layer, before) in enumerate(zip(self.stack, state, strict=True)):
            done = kernels.run_events(
                value, layer.numbers(), before.counts, before.cell, lengths=lengths, record=record
            )
            value = done.counts
            after.append(CellState(done.cell, value[-1].clone()))
            counts |= {
                f"l{index}.{name}": n.long() for name, n in zip("zios", done.totals, strict=True)
            }
            if record:
                signed = [*done.gates.unbind(2), done.outputs]
                spikes |= {
                    f"l{index}.{name}": kernels.rasters(n.transpose(0, 1), layer.signs)
                    for name, n in zip("zios", signed, strict=True)
                }
                cells[f"l{index}.c"] = done.cells.transpose(0, 1) / k
        value = value.transpose(0, 1)
        logits = None if self.readout is None else self._read_out(value)
        return NetworkRun(value / k, logits, tuple(after), counts, spikes, cells)

    def _read_out(self, counts: Tensor) -> Tensor:
        if self.readout is None:
            raise ConfigError("the network has no readout")
        weight = self.readout.weight / self.code.levels
        return nn.functional.linear(counts, weight, self.readout.bias)

    def _run_stepwise(
        self,
        x: Tensor,
        lengths: Tensor | None,
        state: tuple[CellState, ...],
        *,
        record: bool,
    ) -> NetworkRun:
        outputs: list[Tensor] = []
        logits: list[Tensor] = []
        counts: dict[str, Tensor] = {}
        spikes: dict[str, list[Tensor]] = {}
        cells: dict[str, list[Tensor]] = {}
        for t, x_t in enumerate(x.unbind(1)):
            now, state = self.step(x_t, state)
            outputs.append(now.output)
            if now.logits is not None:
                logits.append(now.logits)
            for index, fired in enumerate(now.spikes):
                for name, value in zip(fired._fields, fired, strict=True):
                    key = f"l{index}.{name}"
                    total = value.detach().sum(-1).to(torch.int64)
                    if lengths is not None:
                        total = total * (t < lengths).unsqueeze(1)
                    counts[key] = counts[key] + total if key in counts else total
                    if record:
                        spikes.setdefault(key, []).append(value > 0)
                if record:
                    quanta = state[index].cell / self.code.levels
                    cells.setdefault(f"l{index}.c", []).append(quanta)
        return NetworkRun(
            output=torch.stack(outputs, 1),
            logits=torch.stack(logits, 1) if logits else None,
            state=state,
            counts=counts,
            spikes={name: torch.stack(values, 1) for name, values in spikes.items()},
            cells={name: torch.stack(values, 1) for name, values in cells.items()},
        )

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits (batch, classes) at the last valid step; h there when there is no readout."""
        done = self.run(x, lengths=lengths)
        values = done.output if done.logits is None else done.logits
        if lengths is not None:
            lengths = checked_lengths(lengths, batch=x.shape[0], steps=x.shape[1]).to(x.device)
        return last_valid(values, lengths)
