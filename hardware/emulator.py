"""Any chip in integers: one loop over ticks and groups, driven by the chip's number format.

A test compares every spike and state with each vendor's simulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .delivery import DELIVERIES, merged
from .format import DECAYS, Count, Format, added, fired, fitted, negated
from .network import INPUT, Ints, Neurons, Quantized
from .run import Trace


def traced(
    network: Quantized, how: Format, arriving: Ints, *, watched: Sequence[str] = ()
) -> Trace:
    """Run a network, each sample from silence.

    arriving  what the input channels carry  # (batch, ticks, channels)
    watched   groups whose states are recorded, beside the exit's
    """
    batch, ticks, _ = arriving.shape
    count = Count()
    layers = [_Group(group, network, how, arriving, count) for group in network.groups]
    spikes = {
        layer.name: np.zeros((batch, ticks, len(layer.neurons)), np.uint8)
        for layer in layers
        if layer.neurons.spikes
    }
    potentials, currents = (
        {name: np.zeros((batch, ticks, network.sizes[name]), np.int64) for name in names}
        for names in [{network.exit.group, *watched}] * 2
    )
    for tick in range(ticks):
        for layer in layers:
            fires = layer.tick(tick, arriving, spikes)
            if layer.name in spikes:
                spikes[layer.name][:, tick] = fires
            if layer.name in potentials:
                potentials[layer.name][:, tick] = layer.potential
                currents[layer.name][:, tick] = layer.current
    return Trace(spikes, potentials, currents, count.overflows)


class _Group:
    """A group's neurons over a batch: currents and potentials (batch, neurons)."""

    def __init__(
        self, neurons: Neurons, network: Quantized, how: Format, arriving: Ints, count: Count
    ) -> None:
        self.neurons, self.name, self.how, self.count = neurons, neurons.name, how, count
        self.current = np.zeros((len(arriving), len(neurons)), np.int64)
        self.potential = self.current
        most = {group.name: group.spikes for group in network.groups}
        most[INPUT] = int(np.abs(arriving).max(initial=0))
        chosen = DELIVERIES[how.current.overflow]
        ending = [each for each in network.synapses if each.target == neurons.name]
        self.feeds = [
            (each, chosen(each, how.current, most[each.source]))
            for each in merged(ending, how.current)
        ]

    def tick(self, tick: int, arriving: Ints, spikes: dict[str, NDArray[Any]]) -> Ints:
        """One step of `Format`'s equations; returns the spikes."""
        how, neurons = self.how, self.neurons
        decay = DECAYS[how.decay]
        if not how.add_first:
            self.current = self.current - decay(self.current, neurons.current_decay)
        total = self.current if how.arrival is None else np.zeros_like(self.current)
        for synapses, deliver in self.feeds:
            if tick >= synapses.delay:
                source = arriving if synapses.source == INPUT else spikes[synapses.source]
                total = deliver(total, source[:, tick - synapses.delay], self.count)
        if how.arrival is not None:
            total = self.current + fitted(total, how.arrival, self.count)
        self.current = self._held(total)
        if how.add_first:
            self.current = self.current - decay(self.current, neurons.current_decay)
        leak = negated(decay(self.potential, neurons.potential_decay), how.potential)
        if how.potential.overflow == "saturate":
            step = added((leak, self.current, neurons.bias), how.potential, self.count)
            reached = added((self.potential, step), how.potential, self.count)
        else:
            drive = self.current + neurons.bias
            if how.drive is not None:
                drive = fitted(drive, how.drive, self.count)
            reached = added((self.potential, leak, drive), how.potential, self.count)
        fires, self.potential = fired(reached, neurons.threshold, neurons.spikes, how)
        return fires

    def _held(self, total: Ints) -> Ints:
        """Every current as its word holds it."""
        if self.how.leaky is None:
            return fitted(total, self.how.current, self.count)
        held, leaky = total.copy(), self.neurons.current_decay > 0
        for which, word in ((leaky, self.how.leaky), (~leaky, self.how.current)):
            held[:, which] = fitted(total[:, which], word, self.count)
        return held
