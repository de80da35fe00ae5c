"""The multi-spike code: one neuron a value, firing up to 31 times a step, all in integers.

The arithmetic is a chip's (SynSense Xylo: 8-bit weights, 16-bit states, decays by bit shift), with
the gates' and the cell's time constants chosen so that one recurrent layer of its neurons *is* a
fix-subLSTM. Weights train as real numbers behind their rounding; the forward pass is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from . import kernels
from .classifier import require_sequences
from .errors import ConfigError, NotFiniteError, ShapeError
from .kernels import Integers
from .straight import straight

WEIGHT_MAX = 127
STATE_MAX = 32767
_TINY = 1e-12
# a hard sigmoid of slope 1/4 rests 2 above its lower end
_REST = 2.0
# a synapse of this chip halves its current at least once a step: the shortest memory it has
SHORTEST_DASH = 1
# a longer memory of full spike counts leaves 16 bits even at the smallest weight
LONGEST_DASH = 8
# chip steps from an input to the logits that it moves: gates, cell, readout
LATENCY = 2


@dataclass(frozen=True)
class MultiSpike:
    """One neuron that fires n = clip(floor(V / threshold), 0, levels) times a step.

    A hard sigmoid clip(a/4 + 1/2, 0, 1) in `levels` levels.

    levels        most spikes of a neuron in a step, fixed by the chip
    input_levels  most spikes of an input channel in a step; an input x becomes
                  round(x / input_max * input_levels) spikes
    input_max     largest input; larger ones are clipped, negative ones are an error
    hold          chip steps that every input is held for; the recurrent path takes two of them
    """

    levels: ClassVar[int] = 31
    input_levels: int = 15
    input_max: float = 1.0
    hold: int = 2

    def __post_init__(self) -> None:
        """ConfigError for numbers that cannot be built."""
        if not 1 <= self.input_levels <= 15:
            raise ConfigError(f"input_levels is {self.input_levels}; it must lie in 1..15")
        if self.hold < 1 or not 0.0 < self.input_max < float("inf"):
            raise ConfigError("hold must be at least 1, input_max positive and finite")


class ChipStates(NamedTuple):
    """Currents and spike counts after a step: gates, cell and readout.

    gates (batch, 3 * hidden), cell (batch, hidden), readout (batch, classes); counts as before
    """

    gates: Tensor
    cell: Tensor
    readout: Tensor
    n_gates: Tensor
    n_cell: Tensor


def decay(current: Tensor, dash: Tensor) -> Tensor:
    """I := I - D, D = floor(I / 2^dash), or sign(I) where that is 0.

    I current in whole units, dash >= 1. The chip shifts bits, so that negative values round
    away from 0, and the smallest step is 1, so that no current lasts for ever.
    """
    scale = torch.exp2(-dash)
    drop = torch.floor(current.detach() * scale)
    drop = torch.where(drop == 0, torch.sign(current.detach()), drop)
    return straight(current.detach() - drop, current * (1.0 - scale))


def multi_fire(potential: Tensor, threshold: Tensor, *, levels: int) -> Tensor:
    """N = clip(floor(V / threshold), 0, levels): subtract the threshold while V reaches it."""
    smooth = torch.clamp(potential / threshold, 0.0, float(levels))
    exact = torch.clamp(torch.floor(potential.detach() / threshold), 0.0, float(levels))
    return straight(exact, smooth)


class MultiSpikeNetwork(nn.Module):
    """One recurrent layer and a readout in multi-spike code; call as `SubLSTMClassifier`.

    weight_ih, weight_hh, bias, forget  as in `SpikingSubLSTM`, forget per input step
    readout_weight, readout_bias        (classes, hidden), (classes,)
    kept                                which recurrent weights exist, (3 * hidden, hidden) bool;
                                        all of them where none is given
    """

    def __init__(
        self,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        forget: Tensor,
        *,
        readout_weight: Tensor,
        readout_bias: Tensor,
        code: MultiSpike,
        kept: Tensor | None = None,
    ) -> None:
        super().__init__()
        kept = torch.ones_like(weight_hh, dtype=torch.bool) if kept is None else kept
        hidden = forget.shape[0]
        shapes = {
            "weight_ih": (weight_ih, (3 * hidden, weight_ih.shape[-1])),
            "weight_hh": (weight_hh, (3 * hidden, hidden)),
            "bias": (bias, (3 * hidden,)),
            "kept": (kept, (3 * hidden, hidden)),
            "readout_weight": (readout_weight, (len(readout_bias), hidden)),
        }
        for name, (value, wanted) in shapes.items():
            if tuple(value.shape) != wanted:
                raise ShapeError(f"{name} has shape {tuple(value.shape)}; expected {wanted}")
        if code.levels * hidden + code.input_levels * weight_ih.shape[1] >= STATE_MAX // 2:
            raise ConfigError(
                f"{hidden} units and {weight_ih.shape[1]} inputs: one spike count each could leave "
                f"the chip's 16-bit sums; use fewer units or levels"
            )
        self.code = code
        self.weight_ih = nn.Parameter(weight_ih.detach().clone().float())
        self.weight_hh = nn.Parameter(weight_hh.detach().clone().float())
        self.bias = nn.Parameter(bias.detach().clone().float())
        self.cell_bias = nn.Parameter(torch.zeros(hidden, device=forget.device))
        self.readout_weight = nn.Parameter(readout_weight.detach().clone().float())
        self.readout_bias = nn.Parameter(readout_bias.detach().clone().float())
        per_chip_step = forget.detach().double().clamp(0.5, 1.0 - 2.0**-15) ** (1.0 / code.hold)
        dash = torch.round(-torch.log2(1.0 - per_chip_step)).clamp(SHORTEST_DASH, LONGEST_DASH)
        self.register_buffer("dash", dash.float())
        self.register_buffer("kept", kept.detach().clone().bool())
        self.dash: Tensor
        self.kept: Tensor

    @property
    def input_size(self) -> int:
        """Entries of the input at one step."""
        return int(self.weight_ih.shape[1])

    @property
    def hidden_size(self) -> int:
        """Units; each has the four neurons z, i, o and s."""
        return int(self.dash.shape[0])

    def integers(self) -> Integers:
        """Weights, biases and thresholds as the chip holds them; gradients pass straight through.

        Each row's scale is the largest at which its weights fit 8 bits and no sum, whatever the
        input, leaves 16 bits: so no addition saturates and the order of spikes does not matter.
        """
        n, n_in, hold = self.code.levels, self.code.input_levels, self.code.hold
        w_in = self.weight_ih * (self.code.input_max / n_in)
        w_rec = self.weight_hh * self.kept / n
        w_out = self.readout_weight / n
        with torch.no_grad():
            # a current holds at most what one step adds, so twice that while spikes arrive; the
            # membrane's own step passes through I - V, so twice current and bias
            reach = w_in.abs().sum(1) * n_in + w_rec.abs().sum(1) * n + self.bias.abs() + _REST
            peak = torch.maximum(w_in.abs().amax(1), w_rec.abs().amax(1)).clamp(min=_TINY)
            room = STATE_MAX / 2 - (n_in * self.input_size + n * self.hidden_size) / 2 - n
            alpha = torch.minimum(WEIGHT_MAX / peak, room / reach)
            threshold = torch.floor(4.0 * alpha / n).clamp(min=1.0)
            # z fires at most n times a step, and the current keeps 2^dash steps of that
            stay = n * torch.exp2(self.dash) + n * hold * (self.cell_bias.abs() + _REST) + n
            w_cell = torch.floor(STATE_MAX / 2 / stay).clamp(1.0, WEIGHT_MAX)
            one = w_cell * n * hold  # a spike count n of z, held for an input step, is c = 1
            cell_threshold = torch.floor(4.0 * one / n).clamp(min=1.0)
            reach_out = (w_out.abs().sum(1) * n + self.readout_bias.abs()).max().clamp(min=_TINY)
            room = STATE_MAX / 2 - n * self.hidden_size / 2 - 1
            beta = torch.minimum(WEIGHT_MAX / w_out.abs().max().clamp(min=_TINY), room / reach_out)
        return Integers(
            weight_ih=_whole(w_in * alpha[:, None]),
            weight_hh=_whole(w_rec * alpha[:, None]),
            bias=_whole(self.bias * alpha + threshold * (n + 1) / 2),
            threshold=threshold,
            weight_cell=w_cell,
            dash=self.dash,
            cell_bias=_whole(self.cell_bias * one + cell_threshold * (n + 1) / 2),
            cell_threshold=cell_threshold,
            weight_out=_whole(w_out * beta),
            bias_out=_whole(self.readout_bias * beta),
        )

    def encode(self, x: Tensor) -> Tensor:
        """Inputs as spikes per chip step, held, and `LATENCY` silent steps after them.

        x (batch, time, input) -> (batch, time * hold + LATENCY, input) whole numbers in float32

        Raises NotFiniteError, and ConfigError where an input is negative: a channel cannot fire
        fewer than 0 times (give positive and negative parts channels of their own).
        """
        require_sequences(x, features=self.input_size)
        if not bool(torch.isfinite(x).all()):
            raise NotFiniteError("inputs are NaN or infinite; clean the data")
        if bool((x < 0).any()):
            raise ConfigError(
                f"an input is {float(x.min())}; an input channel counts spikes, so give positive "
                "and negative parts channels of their own"
            )
        top = self.code.input_max
        spikes = torch.round(x.float().clamp(max=top) * (self.code.input_levels / top))
        silence = spikes.new_zeros(len(x), LATENCY, self.input_size)
        return torch.cat([spikes.repeat_interleave(self.code.hold, dim=1), silence], dim=1)

    def trace(self, x: Tensor) -> dict[str, Tensor]:
        """Every chip step: spike counts and the readout, exactly as on the chip.

        x        (batch, time, input)
        returns  "n2_hidden" spikes of z, i, o, s; "n5_readout" potentials (batch, steps, classes)
        """
        w, hidden, n = self.integers(), self.hidden_size, self.code.levels
        if kernels.usable(x) and not (torch.is_grad_enabled() and w.weight_hh.requires_grad):
            fired, potentials = kernels.run_multi(self.encode(x), w, levels=n)
            return {"n2_hidden": fired, "n5_readout": potentials}
        shortest = self.dash.new_full((), SHORTEST_DASH)
        batch = len(x)
        zeros = self.dash.new_zeros
        state = ChipStates(
            zeros(batch, 3 * hidden),
            zeros(batch, hidden),
            zeros(batch, len(w.bias_out)),
            zeros(batch, 3 * hidden),
            zeros(batch, hidden),
        )
        spikes: list[Tensor] = []
        logits: list[Tensor] = []
        for x_t in self.encode(x).unbind(1):
            n_z, n_i, n_o = state.n_gates.chunk(3, dim=1)
            counts = state.n_cell - n_o
            drive = nn.functional.linear(x_t, w.weight_ih)
            drive = drive + nn.functional.linear(counts, w.weight_hh)
            gates = decay(state.gates + drive, shortest)
            cell = decay(state.cell + w.weight_cell * (n_z - n_i), w.dash)
            readout = nn.functional.linear(counts, w.weight_out)
            readout = decay(state.readout + readout, shortest)
            state = ChipStates(
                gates,
                cell,
                readout,
                multi_fire(gates + w.bias, w.threshold, levels=n),
                multi_fire(cell + w.cell_bias, w.cell_threshold, levels=n),
            )
            spikes.append(torch.cat([state.n_gates, state.n_cell], dim=1))
            logits.append(readout + w.bias_out)
        return {"n2_hidden": torch.stack(spikes, 1), "n5_readout": torch.stack(logits, 1)}

    def twin(self, x: Tensor) -> dict[str, Tensor]:
        """Values as the rate model has them at each input step, for tuning.

        returns  {"l0.h": (batch, time, hidden), "logits": (batch, time, classes)}, the latter up
                 to the readout's scale
        """
        full, steps, n = self.trace(x), x.shape[1], self.code.levels
        last = torch.arange(1, steps + 1, device=x.device) * self.code.hold - 1
        hidden = self.hidden_size
        n_o = full["n2_hidden"][:, last, 2 * hidden : 3 * hidden]
        n_s = full["n2_hidden"][:, last + 1, 3 * hidden :]
        scale = self.readout_scale()
        return {
            "l0.h": (n_s - n_o) / n,
            "logits": full["n5_readout"][:, last + LATENCY] * scale,
        }

    def readout_scale(self) -> Tensor:
        """Logits per unit of the readout's potential, a positive number."""
        with torch.no_grad():
            weight = self.readout_weight.abs().max() / self.code.levels
            return weight / self.integers().weight_out.abs().max().clamp(min=1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Potentials of the readout (batch, classes) after the last step; decisions as logits."""
        return self.trace(x)["n5_readout"][:, -1]


def _whole(value: Tensor) -> Tensor:
    return straight(torch.round(value), value)
