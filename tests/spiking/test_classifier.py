"""Logits are the readout of each sample's last valid step."""

import pytest
import torch
from torch import nn

from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import ConfigError, ShapeError
from tests.spiking.random_nets import random_inputs, random_rate


def test_logits_are_the_readout_of_the_last_valid_step() -> None:
    model, x = random_rate(1), random_inputs(1)
    output, _ = model.rnn(x)
    assert torch.equal(model(x), model.readout(output[:, -1]))
    lengths = torch.tensor([1, 9, 4])
    for sample, steps in enumerate(lengths.tolist()):
        wanted = model.readout(output[sample, steps - 1])
        torch.testing.assert_close(model(x, lengths)[sample], wanted)


def test_a_rectified_readout_has_no_negative_logit() -> None:
    old, x = random_rate(1), random_inputs(1)
    model = SubLSTMClassifier(old.rnn, old.readout, readout_activation="relu")
    assert torch.equal(model(x), torch.relu(old(x)))
    assert bool((old(x) < 0).any())


def test_wrong_parts_are_refused() -> None:
    with pytest.raises(ConfigError, match="batch_first"):
        SubLSTMClassifier(SubLSTM(3, 4), nn.Linear(4, 2))
    with pytest.raises(ShapeError, match="5 inputs"):
        SubLSTMClassifier(SubLSTM(3, 4, batch_first=True), nn.Linear(5, 2))
    with pytest.raises(ConfigError, match="readout_activation"):
        SubLSTMClassifier(
            SubLSTM(3, 4, batch_first=True), nn.Linear(4, 2), readout_activation="tanh"
        )
    with pytest.raises(ShapeError, match="expected"):
        random_rate(1)(torch.zeros(2, 0, 3))
