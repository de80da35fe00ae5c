"""The rate subLSTM: what we start from and measure against."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from .activation import activation_named
from .errors import ConfigError, ShapeError
from .kernels import RateStep, Weights, run_rate
from .lengths import checked_lengths, reverse_valid

FORGETS = ("gated", "fixed")
_LONGEST = 2**53
_GATE_ACTIVATIONS = ("sigmoid", "hard_sigmoid", "adaptive")
_CELL_ACTIVATIONS = ("sigmoid", "hard_sigmoid", "adaptive", "tanh")


class SubLSTM(nn.Module):
    """Rate subLSTM, a drop-in for `torch.nn.LSTM` (same words, same call, same parameter names).

    Rows of every weight and bias are ordered z, i, o, f. With `forget="fixed"` (the paper's
    fix-subLSTM) there are three gates and `forget_l{k}` holds the logit of the constant f.

    forget           "gated" (computed from x and h) or "fixed" (a learned constant per unit)
    activation       of the gates and, unless `cell_activation` says otherwise, of the cell:
                     "sigmoid", "hard_sigmoid", or "adaptive" for the adaptive spike code
    cell_activation  "tanh" exists for one public layout whose output is tanh(c) - o
    t_max            longest dependency, in steps, that the initial forget shall span (below)
    recompute        keep a sixth of the memory for the backward of long sequences, for a third
                     more work (on the CPU; not for packed or padded batches)

    Initial values. Recurrent weights Glorot-uniform per gate, as in the paper's experiments; input
    weights U(-a, a), a = sqrt(3 / input_size). Chrono initialisation (Tallec & Ollivier 2018,
    arXiv 1804.11188, equation 16), with u log-uniform in (1, t_max - 1) so that units of every
    time constant are there: logit f = ln u, and z and i start at bias -ln u, so that z - i summed
    over a memory of u steps stays within the sigmoid's range. The rows of a computed f start at 0:
    it begins as that constant. On 784 pixels the paper's own start (z and i at bias 0) saturates c
    and stays at chance for a thousand batches; from this one 78 % are right after six hundred.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        forget: str = "gated",
        activation: str = "sigmoid",
        cell_activation: str | None = None,
        t_max: int = 784,
        recompute: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        for name, value in (
            ("input_size", input_size),
            ("hidden_size", hidden_size),
            ("num_layers", num_layers),
        ):
            if value < 1:
                raise ConfigError(f"{name} is {value}; it must be at least 1")
        if not 0.0 <= dropout < 1.0:
            raise ConfigError(f"dropout is {dropout}; it must lie in [0, 1)")
        if forget not in FORGETS:
            raise ConfigError(f"forget={forget!r} is not known; choose one of {FORGETS}")
        if (forget, activation) == ("gated", "adaptive"):
            raise ConfigError("an adaptive forget gate exceeds 1; take forget='fixed' with it")
        if not 3 <= t_max <= _LONGEST:
            raise ConfigError(f"t_max is {t_max}; it must lie in 3..{_LONGEST} steps")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.forget = forget
        self.activation = activation
        self.cell_activation = cell_activation or activation
        self.t_max = t_max
        self.recompute = recompute
        self.gate = activation_named(activation, among=_GATE_ACTIVATIONS)
        self.output = activation_named(self.cell_activation, among=_CELL_ACTIVATIONS)

        rows = self.num_gates * hidden_size
        for layer, suffix in self.parts():
            columns = input_size if layer == 0 else hidden_size * self.num_directions
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (rows, columns),
                "weight_hh": (rows, hidden_size),
            }
            if bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            if forget == "fixed":
                shapes["forget"] = (hidden_size,)
            for name, shape in shapes.items():
                values = torch.empty(shape, device=device, dtype=dtype)
                self.register_parameter(f"{name}_{suffix}", nn.Parameter(values))
        self.reset_parameters()

    @property
    def num_gates(self) -> int:
        """4 where the forget gate is computed, 3 where it is a constant."""
        return 4 if self.forget == "gated" else 3

    @property
    def num_directions(self) -> int:
        """2 when bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    def parts(self) -> list[tuple[int, str]]:
        """(layer, parameter suffix) of every layer and direction, in torch's order."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        return [(k, f"l{k}{end}") for k in range(self.num_layers) for end in directions]

    def get(self, name: str, suffix: str) -> Tensor:
        """The parameter `{name}_{suffix}`; a bias that does not exist reads as zeros."""
        if name.startswith("bias") and not self.bias:
            rows = self.num_gates * self.hidden_size
            return self.get("weight_hh", suffix).new_zeros(rows)
        return self.get_parameter(f"{name}_{suffix}")

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw every parameter anew from torch's global generator (see the class docstring)."""
        for layer, suffix in self.parts():
            columns = self.input_size if layer == 0 else self.hidden_size * self.num_directions
            nn.init.uniform_(
                self.get("weight_ih", suffix), -(bound := math.sqrt(3 / columns)), bound
            )
            for rows in self.get("weight_hh", suffix).chunk(self.num_gates):
                nn.init.xavier_uniform_(rows)
            spans = torch.empty_like(self.get("weight_hh", suffix)[: self.hidden_size, 0])
            log_span = spans.uniform_(0.0, math.log(self.t_max - 1))
            z_i, _, f = _rows(self.hidden_size)
            if self.forget == "fixed":
                self.get("forget", suffix).copy_(log_span)
            else:
                nn.init.zeros_(self.get("weight_ih", suffix)[f])
                nn.init.zeros_(self.get("weight_hh", suffix)[f])
            if self.bias:
                nn.init.zeros_(self.get("bias_ih", suffix))
                nn.init.zeros_(self.get("bias_hh", suffix))
                self.get("bias_ih", suffix)[z_i] = -log_span.repeat(2)
                if self.forget == "gated":
                    self.get("bias_ih", suffix)[f] = log_span

    def flatten_parameters(self) -> None:
        """Nothing to do here; kept because users of `torch.nn.LSTM` call it."""

    def extra_repr(self) -> str:
        """Sizes and variant, for `print(module)`."""
        return (
            f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, "
            f"forget={self.forget!r}, activation={self.activation!r}, "
            f"cell_activation={self.cell_activation!r}, bidirectional={self.bidirectional}"
        )

    def forward(
        self,
        input: Tensor | PackedSequence,  # noqa: A002  the name that torch.nn.LSTM uses
        hx: tuple[Tensor, Tensor] | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, Tensor]]:
        """Run over time; same shapes as `torch.nn.LSTM`.

        input    (time, batch, input), (batch, time, input) if batch_first, (time, input) without
                 batch, or a PackedSequence
        hx       (h_0, c_0), each (layers * directions, batch, hidden); zeros if None
        lengths  valid steps of each sample (batch,); outputs beyond are 0 and the final state is
                 the state at the last valid step. Not together with a PackedSequence.
        returns  output (time, batch, directions * hidden) in the input's own arrangement, and
                 (h_n, c_n) shaped like hx

        Raises ShapeError for a wrong number of axes or entries.
        """
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise ConfigError("give lengths or a PackedSequence, not both")
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3) or input.shape[-1] != self.input_size:
            raise ShapeError(
                f"input has shape {tuple(input.shape)}; expected 2 or 3 axes, the last of "
                f"{self.input_size} entries"
            )
        unbatched = input.dim() == 2
        x = input.unsqueeze(1) if unbatched else input
        if self.batch_first and not unbatched:
            x = x.transpose(0, 1)
        if unbatched and hx is not None:
            hx = (hx[0].unsqueeze(1), hx[1].unsqueeze(1))
        out, (h_n, c_n), _ = self.run(x, hx, lengths, trace=False)
        if unbatched:
            return out.squeeze(1), (h_n.squeeze(1), c_n.squeeze(1))
        return (out.transpose(0, 1) if self.batch_first else out), (h_n, c_n)

    def _forward_packed(
        self, packed: PackedSequence, hx: tuple[Tensor, Tensor] | None
    ) -> tuple[PackedSequence, tuple[Tensor, Tensor]]:
        x, lengths = pad_packed_sequence(packed)
        out, state, _ = self.run(x, hx, lengths, trace=False)
        order = packed.sorted_indices
        if order is not None:
            out, lengths = out[:, order], lengths[order.cpu()]
        data = pack_padded_sequence(out, lengths).data
        return (
            PackedSequence(
                data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices
            ),
            state,
        )

    def run(
        self,
        x: Tensor,  # (time, batch, input)
        hx: tuple[Tensor, Tensor] | None = None,
        lengths: Tensor | None = None,
        *,
        trace: bool = True,
    ) -> tuple[Tensor, tuple[Tensor, Tensor], dict[str, RateStep]]:
        """Time-first forward that also returns what every layer computed.

        trace    False where only output and state are wanted; it may save time and memory
        returns  output, (h_n, c_n), and {"l0": RateStep of (time, batch, hidden) tensors, ...}
        """
        steps, batch, _ = x.shape
        count = self.num_layers * self.num_directions
        if hx is None:
            zeros = x.new_zeros(count, batch, self.hidden_size)
            hx = (zeros, zeros)
        expected = (count, batch, self.hidden_size)
        for name, value in zip(("h_0", "c_0"), hx, strict=True):
            if tuple(value.shape) != expected:
                raise ShapeError(f"{name} has shape {tuple(value.shape)}; expected {expected}")
        if lengths is not None:
            lengths = checked_lengths(lengths, batch=batch, steps=steps).to(x.device)
        h_n, c_n, steps_of = [], [], {}
        directions: list[Tensor] = []
        for index, (layer, suffix) in enumerate(self.parts()):
            backwards = suffix.endswith("_reverse")
            if layer > 0 and not backwards:
                x = torch.cat(directions, dim=-1)
                x = nn.functional.dropout(x, self.dropout, self.training)
            if not backwards:
                directions = []
            flowing = reverse_valid(x, lengths) if backwards else x
            whole = trace or lengths is not None  # a state within the sequence needs all cells
            done = self._run_part(flowing, suffix, hx[0][index], hx[1][index], trace=whole)
            h_n.append(_last_valid(done.h, hx[0][index], lengths))
            c_n.append(_last_valid(done.c, hx[1][index], lengths))
            if backwards:
                done = RateStep(*(reverse_valid(value, lengths) for value in done))
            directions.append(_silence_padding(done.h, lengths))
            steps_of[suffix] = done
        return torch.cat(directions, dim=-1), (torch.stack(h_n), torch.stack(c_n)), steps_of

    def _run_part(self, x: Tensor, suffix: str, h: Tensor, c: Tensor, *, trace: bool) -> RateStep:
        weights = Weights(
            self.get("weight_ih", suffix),
            self.get("weight_hh", suffix),
            self.get("bias_ih", suffix) + self.get("bias_hh", suffix),
            torch.sigmoid(self.get("forget", suffix)) if self.forget == "fixed" else None,
        )
        return run_rate(
            x,
            weights,
            h,
            c,
            gate=self.gate,
            output=self.output,
            trace=trace,
            recompute=self.recompute,
        )


def _rows(hidden: int) -> tuple[slice, slice, slice]:
    """Rows of z and i together, of o, and of f."""
    return slice(0, 2 * hidden), slice(2 * hidden, 3 * hidden), slice(3 * hidden, 4 * hidden)


def _last_valid(values: Tensor, initial: Tensor, lengths: Tensor | None) -> Tensor:
    """Value at each sample's last valid step; `initial` where there is none."""
    if values.shape[0] == 0:
        return initial
    if lengths is None:
        return values[-1]
    index = (lengths - 1).clamp(min=0).view(1, -1, 1).expand(1, -1, values.shape[-1])
    last = values.gather(0, index).squeeze(0)
    return torch.where((lengths > 0).unsqueeze(1), last, initial)


def _silence_padding(values: Tensor, lengths: Tensor | None) -> Tensor:
    if lengths is None:
        return values
    time = torch.arange(values.shape[0], device=values.device).unsqueeze(1)
    return values * (time < lengths).unsqueeze(-1)
