"""What a run costs: spikes, and the synaptic operations that they cause."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .coded import CodedNetwork
from .codes import Code
from .network import SpikingNetwork
from .rate import SubLSTM


@dataclass(frozen=True)
class Activity:
    """Cost per inference, one entry a sample.

    spikes  spikes of the populations z, i, o and s, all layers   # (batch,) int64
    relays  spikes of the relays of o, which the portable NIR layout adds   # (batch,) int64
    synops  synaptic operations: a spike counted once for every neuron that it reaches over a
            weight that is not zero, relays included   # (batch,) int64
    """

    spikes: Tensor
    relays: Tensor
    synops: Tensor


@torch.no_grad()
def activity(net: SpikingNetwork, counts: dict[str, Tensor]) -> Activity:
    """Analytic cost of a run from its spike counts (`NetworkRun.counts`).

    A spike of z or i reaches the K cell neurons of its unit, one of o its relay; s and the relay
    of a unit reach K neurons for every non-zero weight of that unit into the layer's gates and
    into the next layer's, or every class that the readout weighs. Analog input is not counted.
    """
    spikes, relays, synops = [], [], []
    for index, layer in enumerate(net.stack):
        levels = layer.code.levels
        z, i, o, s = (counts[f"l{index}.{name}"] for name in "zios")
        fan_out = levels * layer.weight_hh.count_nonzero(0)
        if index + 1 < len(net.stack):
            fan_out = fan_out + levels * net.stack[index + 1].weight_ih.count_nonzero(0)
        elif net.readout is not None:
            fan_out = fan_out + net.readout.weight.count_nonzero(0)
        spikes.append((z + i + o + s).sum(1))
        relays.append(o.sum(1))
        synops.append(((z + i) * levels + o + (s + o) * fan_out).sum(1))
    return Activity(*(torch.stack(each).sum(0) for each in (spikes, relays, synops)))


@torch.no_grad()
def coded_activity(net: CodedNetwork, counts: dict[str, Tensor]) -> Activity:
    """Analytic cost of a run of a network in any code, from its spike counts.

    An inner spike reaches `code.local` cell neurons, one of the forget what its way of forming the
    product connects; an outward spike `code.copies` neurons for every non-zero weight of its unit
    into the layer's gates and the next layer's, or every class that the readout weighs.
    """
    code, spikes, synops = net.code, [], []
    for index, layer in enumerate(net.stack):
        fan_out = neurons_reached(code, layer.weight_hh, hidden=layer.hidden_size)
        if index + 1 < len(net.stack):
            above = net.stack[index + 1]
            fan_out = fan_out + neurons_reached(code, above.weight_ih, hidden=above.hidden_size)
        elif net.readout is not None:
            fan_out = fan_out + net.readout.weight.count_nonzero(0)
        for key, count in counts.items():
            layer_name, _, name = key.partition(".")
            if layer_name != f"l{index}":
                continue
            if name == "f.synops":
                synops.append(count.sum(1))
                continue
            spikes.append(count.sum(1))
            if name != "f":
                reached = fan_out if name in code.outward else code.local
                synops.append((count * reached).sum(1))
    none = torch.zeros_like(spikes[0])
    return Activity(torch.stack(spikes).sum(0), none, torch.stack([none, *synops]).sum(0))


def neurons_reached(code: Code, weight: Tensor, *, hidden: int) -> Tensor:
    """Neurons that a spike on each column reaches over a weight that is not 0.  # (columns,)"""
    blocks = weight.split(hidden)
    gates = [code.copies(gate) * rows.count_nonzero(0) for gate, rows in zip("ziof", blocks)]  # noqa: B905  with a constant forget there is no f
    return torch.stack(gates).sum(0)


def dense_macs(rnn: SubLSTM, *, steps: int, classes: int) -> int:
    """Multiplications of the rate model per inference of `steps` steps: W x, R h and readout."""
    total, columns = 0, rnn.input_size
    for _ in range(rnn.num_layers):
        total += rnn.num_gates * rnn.hidden_size * (columns + rnn.hidden_size)
        columns = rnn.hidden_size * rnn.num_directions
    return steps * total * rnn.num_directions + classes * columns
