"""Any chip in integers: one loop over ticks and groups, driven by the chip's number format.

A test compares every spike and state with each vendor's simulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .delivery import DELIVERIES, merged
from .format import DECAYS, Count, Format, added, fitted, negated
from .network import INPUT, Ints, Neurons, Quantized
from .run import Trace
from .saying import SAYINGS


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
    spikes: dict[str, NDArray[Any]] = {}
    # by group what others hear, of levels the last tick alone
    heard: dict[str, NDArray[Any]] = {INPUT: arriving}
    for layer in layers:
        kept = SAYINGS[layer.neurons.says].kept
        if layer.neurons.spikes:
            over = 1 if kept is None else ticks
            heard[layer.name] = np.zeros((batch, over, len(layer.neurons)), kept or np.int64)
            if kept is not None:
                spikes[layer.name] = heard[layer.name]
    potentials, currents = (
        {name: np.zeros((batch, ticks, network.sizes[name]), np.int64) for name in names}
        for names in [{network.exit.group, *watched}] * 2
    )
    for tick in range(ticks):
        for layer in layers:
            said = layer.tick(tick, heard)
            if layer.name in heard:
                heard[layer.name][:, tick if layer.name in spikes else 0] = said
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
        self.say = SAYINGS[neurons.says].start(neurons, how)
        chosen = DELIVERIES[how.current.overflow]
        ending = [each for each in network.synapses if each.target == neurons.name]
        self.feeds = [
            (each, chosen(each, how.current, most[each.source]))
            for each in merged(ending, how.current)
        ]

    def tick(self, tick: int, heard: dict[str, NDArray[Any]]) -> Ints:
        """One step of `Format`'s equations; returns what the group says."""
        how, neurons = self.how, self.neurons
        decay = DECAYS[how.decay]
        if not how.add_first:
            self.current = self.current - decay(self.current, neurons.current_decay)
        total = self.current if how.arrival is None else np.zeros_like(self.current)
        for synapses, deliver in self.feeds:
            if tick >= synapses.delay:
                source = heard[synapses.source]
                at = (tick - synapses.delay) % source.shape[1]
                total = deliver(total, source[:, at], self.count)
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
        said, self.potential = self.say(reached)
        return said

    def _held(self, total: Ints) -> Ints:
        """Every current as its word holds it."""
        if self.how.leaky is None:
            return fitted(total, self.how.current, self.count)
        held, leaky = total.copy(), self.neurons.current_decay > 0
        for which, word in ((leaky, self.how.leaky), (~leaky, self.how.current)):
            held[:, which] = fitted(total[:, which], word, self.count)
        return held
