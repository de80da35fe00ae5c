"""A sequence classifier: subLSTM layers, then a linear readout of the last step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .errors import ConfigError, ShapeError
from .lengths import checked_lengths, last_valid
from .rate import SubLSTM

READOUT_ACTIVATIONS = ("identity", "relu")


class SubLSTMClassifier(nn.Module):
    """Logits from the top layer's output at each sample's last valid step.

    rnn                 a `SubLSTM` built with `batch_first=True`
    readout             `nn.Linear(directions * hidden, classes)`
    readout_activation  "relu" exists for one public layout that rectifies its logits
    """

    def __init__(
        self, rnn: SubLSTM, readout: nn.Linear, *, readout_activation: str = "identity"
    ) -> None:
        super().__init__()
        if not rnn.batch_first:
            raise ConfigError("SubLSTMClassifier needs a SubLSTM built with batch_first=True")
        if readout_activation not in READOUT_ACTIVATIONS:
            raise ConfigError(
                f"readout_activation={readout_activation!r}; choose one of {READOUT_ACTIVATIONS}"
            )
        width = rnn.hidden_size * rnn.num_directions
        if readout.in_features != width:
            raise ShapeError(
                f"readout takes {readout.in_features} inputs; the subLSTM gives {width}"
            )
        self.rnn = rnn
        self.readout = readout
        self.readout_activation = readout_activation

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits (batch, classes) of x (batch, time, input); `lengths` (batch,) in steps."""
        require_sequences(x, features=self.rnn.input_size)
        if lengths is not None:
            lengths = checked_lengths(lengths, batch=x.shape[0], steps=x.shape[1]).to(x.device)
        output, _ = self.rnn(x, lengths=lengths)
        logits: Tensor = self.readout(last_valid(output, lengths))
        return torch.relu(logits) if self.readout_activation == "relu" else logits


def require_sequences(x: Tensor, *, features: int) -> None:
    """ShapeError unless x is (batch, time >= 1, features)."""
    if x.dim() != 3 or x.shape[1] < 1 or x.shape[2] != features:
        raise ShapeError(
            f"x has shape {tuple(x.shape)}; expected (batch, time >= 1, {features}) values"
        )
