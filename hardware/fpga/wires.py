"""Neurons that only repeat another: on an FPGA they are wires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..network import INPUT, Ints, Quantized


@dataclass(frozen=True, eq=False)
class Wires:
    """Which neuron every neuron repeats; neurons of all groups are numbered one after another.

    starts  number of every group's first neuron
    source  the repeated neuron, itself for all that are no wires  # (neurons,)
    weight  of the one synapse of a wire, 0 for others  # (neurons,)
    """

    starts: dict[str, int]
    source: Ints
    weight: Ints

    @property
    def lives(self) -> Ints:
        """Numbers of the neurons that are no wires."""
        alive: Ints = np.nonzero(self.source == np.arange(len(self.source)))[0]
        return alive


def wired(network: Quantized) -> Wires:
    """The wires of a network.

    A neuron without memory whose one synapse comes from a neuron of the same tick, and that fires
    if and only if that one does, repeats it: b <= threshold < b + w.
    """
    starts, total = {}, 0
    for group in network.groups:
        starts[group.name], total = total, total + len(group)
    source, weight = np.arange(total), np.zeros(total, np.int64)
    groups = {group.name: group for group in network.groups}
    for group in network.groups:
        incoming = [each for each in network.synapses if each.target == group.name]
        fan_in = sum((np.count_nonzero(e.weight, axis=1) for e in incoming), np.zeros(len(group)))
        simple = (fan_in == 1) & (group.current_decay == 0) & (group.spikes == 1)
        for each in incoming:
            if each.source == INPUT or each.delay or groups[each.source].spikes != 1:
                continue
            rows = np.nonzero(simple & each.weight.any(axis=1))[0]
            at = (each.weight[rows] != 0).argmax(axis=1)
            given = each.weight[rows, at] << each.shift
            bias, threshold = group.bias[rows], group.threshold[rows]
            follows = (bias <= threshold) & (bias + given > threshold)
            here = starts[group.name] + rows[follows]
            source[here] = source[starts[each.source] + at[follows]]
            weight[here] = given[follows]
    return Wires(starts, source, weight)
