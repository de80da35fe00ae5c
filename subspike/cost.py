"""What a network gets right and what it costs, on data of any length, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from spiking import (
    Activity,
    CodedNetwork,
    NetworkRun,
    SpikingNetwork,
    SubLSTMClassifier,
    activity,
    coded_activity,
    dense_macs,
)
from spiking.activity import neurons_reached
from spiking.errors import ConfigError

# Horowitz 2014 (ISSCC), 45 nm, 0.9 V, float32: an addition and a multiplication with it, pJ
ADDITION_PJ, MAC_PJ = 0.9, 4.6


@dataclass(frozen=True)
class Cost:
    """A network on labelled samples.

    correct      (samples,) bool
    spikes       per inference
    synops       synaptic operations that spikes cause, per inference
    input_ops    those of inputs that are not 0, per inference: analog input times a weight
    micro_steps  of the network's clock for one step of the input
    neurons      of the whole network
    graded       spikes carry a number, so that each operation multiplies
    """

    correct: NDArray[np.bool_]
    spikes: float
    synops: float
    input_ops: float
    micro_steps: int
    neurons: int
    graded: bool = False

    @property
    def accuracy(self) -> float:
        """Share of samples."""
        return float(self.correct.mean())

    @property
    def operations(self) -> float:
        """Effective synaptic operations, inputs included."""
        return self.synops + self.input_ops

    @property
    def energy(self) -> float:
        """Of these operations, pJ: an addition for a spike, a multiplication where it is graded.

        Analog input multiplies.
        """
        spike = MAC_PJ if self.graded else ADDITION_PJ
        return spike * self.synops + MAC_PJ * self.input_ops


@torch.no_grad()
def cost(
    net: SpikingNetwork | CodedNetwork,
    x: Tensor,
    y: Tensor,
    *,
    batch: int = 500,
    progress: bool = False,
    label: str = "run",
) -> Cost:
    """Run `net` on x (samples, time, input), labels y; by the twin where it has the same counts."""
    if net.readout is None:
        raise ConfigError("the network has no readout, so that nothing is right or wrong")
    run, count = _RUNS[type(net)]
    correct, spikes, synops = [], 0, 0
    parts = list(zip(x.split(batch), y.split(batch), strict=True))
    for x_part, y_part in tqdm(parts, label, unit="batch", disable=None if progress else True):
        done = run(net, x_part)
        if done.logits is None:
            raise ConfigError("the network has no readout")
        correct.append((done.logits[:, -1].argmax(1) == y_part).numpy())
        used = count(net, done.counts)
        spikes, synops = spikes + int(used.spikes.sum()), synops + int(used.synops.sum())
    first: Any = net.stack[0]
    weights = neurons_reached(net.code, first.weight_ih, hidden=first.hidden_size)
    entries = (net.encode(x) != 0).sum((0, 1))
    return Cost(
        correct=np.concatenate(correct),
        spikes=spikes / len(x),
        synops=synops / len(x),
        input_ops=float((entries * weights).sum()) / len(x),
        micro_steps=net.code.micro_steps,
        neurons=neurons(net),
        graded=net.code.persistent if isinstance(net, CodedNetwork) else False,
    )


def rate_cost(rate: SubLSTMClassifier, x: Tensor, y: Tensor, *, batch: int = 500) -> Cost:
    """The rate model likewise: no spikes, a multiplication for every weight at every step."""
    with torch.no_grad():
        right = [
            (rate(a).argmax(1) == b).numpy()
            for a, b in zip(x.split(batch), y.split(batch), strict=True)
        ]
    macs = dense_macs(rate.rnn, steps=x.shape[1], classes=rate.readout.out_features)
    units = rate.rnn.hidden_size * rate.rnn.num_layers
    return Cost(np.concatenate(right), 0.0, 0.0, float(macs), 1, units)


def neurons(net: SpikingNetwork | CodedNetwork) -> int:
    """Of every layer: K a gate and cell in populations, else one a unit; and the forget's."""
    total = 0
    for layer in net.stack:
        gates = sum(net.code.copies(gate) for gate in "zio") + net.code.copies("o")
        each = gates if net.code.local else 1
        forgetting = getattr(layer, "forgetting", None)
        each += 0 if forgetting is None else forgetting.neurons
        total += layer.hidden_size * each
    return total


_RUNS: dict[
    type,
    tuple[Callable[[Any, Tensor], NetworkRun], Callable[[Any, dict[str, Tensor]], Activity]],
] = {
    SpikingNetwork: (lambda net, x: net.run(x), activity),
    CodedNetwork: (lambda net, x: net.run(x, spell=net.compiled(x)), coded_activity),
}
