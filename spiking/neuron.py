"""One spiking subLSTM layer as a snnTorch neuron: functional state first, reset of its own."""

from __future__ import annotations

from collections.abc import Callable

import snntorch as snn
import torch
from torch import Tensor, nn

from . import kernels
from .activation import activation_named
from .cell import CellSpikes, CellState, integrate
from .codes import Population
from .errors import ConfigError, ShapeError
from .precision import Grid


class SpikingSubLSTM(snn.SpikingNeuron):  # type: ignore[misc]  # snntorch ships no types
    """A layer of spiking fix-subLSTM units in population code; conventions of `snn.SpikingNeuron`.

    weight_ih  from the layer below, per unit of its value       # (3 * hidden, input)
    weight_hh  from the layer itself, per unit of value h        # (3 * hidden, hidden)
    bias       of the gates                                      # (3 * hidden,)
    forget     constant f in [0, 1)                              # (hidden,) float64
    below      levels of the layer below if its input is spike counts, None for analog input
    grid       the fixed-point grid that the numbers lie on, if any; moves gate thresholds off ties

    Rows are ordered z, i, o. A spike carries weight / K. Keyword arguments as in snnTorch:
    `spike_grad` is the surrogate gradient, `init_hidden` keeps the state inside the module until
    `reset_mem()`, `output` then also returns it. Different from snnTorch on purpose: nothing is
    registered in a global list (its `utils.reset` clears strangers), and a kept state is never
    silently replaced: a changed batch size or device is a ShapeError.
    """

    def __init__(
        self,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        forget: Tensor,
        *,
        code: Population,
        activation: str = "sigmoid",
        below: int | None = None,
        grid: Grid | None = None,
        spike_grad: Callable[[Tensor], Tensor] | None = None,
        init_hidden: bool = False,
        output: bool = False,
    ) -> None:
        act = activation_named(activation, among=("sigmoid", "hard_sigmoid"))
        threshold = code.thresholds(act)
        if grid is not None:
            threshold = code.off_ties(threshold, unit=grid.unit)
        super().__init__(
            threshold=threshold.float(),
            spike_grad=spike_grad,
            init_hidden=init_hidden,
            reset_mechanism="none",
            output=output,
        )
        snn.SpikingNeuron.instances.remove(self)
        hidden = forget.shape[0]
        expected = {
            "weight_ih": (3 * hidden, weight_ih.shape[-1]),
            "weight_hh": (3 * hidden, hidden),
        }
        for name, value in (("weight_ih", weight_ih), ("weight_hh", weight_hh)):
            if tuple(value.shape) != expected[name]:
                raise ShapeError(
                    f"{name} has shape {tuple(value.shape)}; expected {expected[name]}"
                )
        if tuple(bias.shape) != (3 * hidden,):
            raise ShapeError(f"bias has shape {tuple(bias.shape)}; expected ({3 * hidden},)")
        self.code = code
        self.activation = activation
        self.below = below
        self.grid = grid
        self.weight_ih = nn.Parameter(weight_ih.detach().clone().float())
        self.weight_hh = nn.Parameter(weight_hh.detach().clone().float())
        self.bias = nn.Parameter(bias.detach().clone().float())
        self.forget = nn.Parameter(forget.detach().clone().double())
        self.register_buffer("cell_threshold", code.cell_thresholds(act))
        self.register_buffer("signs", code.signs())
        self.threshold: Tensor
        self.cell_threshold: Tensor
        self.signs: Tensor
        self.state: CellState | None = None

    @property
    def input_size(self) -> int:
        """Entries of the input at one step."""
        return int(self.weight_ih.shape[1])

    @property
    def hidden_size(self) -> int:
        """Units of the layer; each has 4 populations of K neurons."""
        return int(self.forget.shape[0])

    @property
    def margin(self) -> float:
        """What a sum of the grid has to hold beside a drive: the distance to a threshold."""
        return float(self.threshold.abs().max()) + 1.0

    def rebuilt(
        self,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        forget: Tensor,
        *,
        grid: Grid | None,
    ) -> SpikingSubLSTM:
        """A layer like this one with other numbers."""
        return SpikingSubLSTM(
            weight_ih,
            weight_hh,
            bias,
            forget,
            code=self.code,
            activation=self.activation,
            below=self.below,
            grid=grid,
            spike_grad=self.spike_grad,
        )

    def numbers(self) -> kernels.Layer:
        """What the kernels compute with: weights per spike, thresholds, signs."""
        return kernels.Layer(
            self.weight_ih if self.below is None else self.weight_ih / self.below,
            self.weight_hh / self.code.levels,
            self.bias,
            self.forget,
            self.threshold,
            self.cell_threshold,
            self.signs,
            self.activation,
        )

    def initial_state(self, batch: int) -> CellState:
        """Silence: c = 0 and no spikes yet, so h_0 = 0 as in the rate model."""
        shape = (batch, self.hidden_size)
        return CellState(
            self.forget.new_zeros(shape, requires_grad=False), self.weight_hh.new_zeros(shape)
        )

    def drive(self, x: Tensor, counts: Tensor) -> Tensor:
        """W x_t + (R/K) n_{t-1} + b, the membrane potential of the gates.  # (batch, 3 * hidden)

        W, R weights and b bias without unit, n spike counts; with spikes from below W/K for W.
        """
        weight = self.weight_ih if self.below is None else self.weight_ih / self.below
        recurrent = nn.functional.linear(counts, self.weight_hh / self.code.levels)
        return nn.functional.linear(x, weight, self.bias) + recurrent

    def fire(self, mem: Tensor) -> Tensor:
        """Gate spikes: sign_k (a - t_k) > 0, a drive, t_k threshold.  # (..., levels)"""
        return self._fire(mem, self.threshold)

    def fire_cell(self, cell: Tensor) -> Tensor:
        """Cell spikes, thresholds in quanta of 1/K.  # (batch, hidden, levels) float32"""
        return self._fire(cell, self.cell_threshold).to(self.signs.dtype)

    def _fire(self, value: Tensor, threshold: Tensor) -> Tensor:
        signs = self.signs.to(value.dtype)
        spikes: Tensor = self.spike_grad(signs * (value.unsqueeze(-1) - threshold))
        return spikes

    def step(self, x: Tensor, state: CellState | None = None) -> tuple[CellSpikes, CellState]:
        """One time step; the state is an argument and a result, nothing is kept.

        x        (batch, input), analog or spike counts of the layer below
        state    None starts from silence
        returns  spikes of the step and the new state; its `counts` is the layer's output

        Raises ShapeError when x or the state does not fit.
        """
        if x.dim() != 2 or x.shape[1] != self.input_size:
            raise ShapeError(
                f"input of a step has shape {tuple(x.shape)}; expected (batch, {self.input_size})"
            )
        state = self.initial_state(x.shape[0]) if state is None else state
        if state.cell.shape != (x.shape[0], self.hidden_size) or state.cell.device != x.device:
            raise ShapeError(
                f"state is for {tuple(state.cell.shape)} on {state.cell.device}, the input for "
                f"batch {x.shape[0]} on {x.device}; call reset_mem() or pass a fitting state"
            )
        gates = self.fire(self.drive(x, state.counts))
        z, i, o = gates.chunk(3, dim=1)
        signed = (gates * self.signs).sum(-1)
        n_z, n_i, n_o = signed.chunk(3, dim=1)
        cell = integrate(state.cell, self.forget, n_z, n_i)
        s = self.fire_cell(cell)
        counts = (s * self.signs).sum(-1) - n_o
        return CellSpikes(z, i, o, s), CellState(cell, counts)

    def forward(
        self, x: Tensor, state: CellState | None = None
    ) -> Tensor | tuple[Tensor, CellState]:
        """A whole sequence (batch, time, input) or, with two axes, one step (batch, input).

        returns  (spk, state), or spk alone when `init_hidden` keeps the state and `output` is
                 False; spk holds signed spike counts K h_t, (batch, time, hidden) or
                 (batch, hidden)
        """
        if self.init_hidden and state is not None:
            raise ConfigError("this layer keeps its own state (init_hidden=True); pass none")
        if x.dim() not in (2, 3):
            raise ShapeError(f"input has shape {tuple(x.shape)}; expected 2 or 3 axes")
        current = self.state if self.init_hidden else state
        outputs = []
        for x_t in [x] if x.dim() == 2 else x.unbind(1):
            _, current = self.step(x_t, current)
            outputs.append(current.counts)
        if current is None:
            current = self.initial_state(x.shape[0])
        empty = x.new_zeros(x.shape[0], 0, self.hidden_size)
        spk = outputs[0] if x.dim() == 2 else torch.stack(outputs, 1) if outputs else empty
        if not self.init_hidden:
            return spk, current
        self.state = current
        return (spk, current) if self.output else spk

    def reset_mem(self) -> None:
        """Forget the state that `init_hidden` kept (snnTorch's name)."""
        self.state = None

    def detach_hidden(self) -> None:
        """Cut the kept state from the autograd graph, for truncated BPTT (snnTorch's name)."""
        if self.state is not None:
            self.state = CellState(*(value.detach() for value in self.state))


def reset(module: nn.Module) -> None:
    """`reset_mem()` on every spiking subLSTM layer inside `module`, at any depth, and no other."""
    for part in module.modules():
        if isinstance(part, SpikingSubLSTM):
            part.reset_mem()
