"""Any chip in integers: one loop over ticks and groups, driven by the chip's number format.

A test compares every spike and state with each vendor's simulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError

from .delivery import DELIVERIES, merged
from .format import DECAYS, GAINS, Count, Format, added, fitted, negated
from .network import INPUT, Ints, Neurons, Quantized, Synapses
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
    """A group's neurons over a batch: potentials (batch, neurons) and what drives them."""

    def __init__(
        self, neurons: Neurons, network: Quantized, how: Format, arriving: Ints, count: Count
    ) -> None:
        self.neurons, self.name, self.how, self.count = neurons, neurons.name, how, count
        self.potential = np.zeros((len(arriving), len(neurons)), np.int64)
        most = {group.name: group.spikes for group in network.groups}
        most[INPUT] = int(np.abs(arriving).max(initial=0))
        self.say = SAYINGS[neurons.says].start(neurons, how)
        feeds = [each for each in network.synapses if each.target == neurons.name]
        parts = (_of_sign(feeds, 1), _of_sign(feeds, -1)) if how.apart else (feeds,)
        self.currents = [_Current(part, neurons, how, most, self.potential) for part in parts]

    @property
    def current(self) -> Ints:
        """What drives the potential; of two currents the difference."""
        total = self.currents[0].value
        for each in self.currents[1:]:
            total = total - each.value
        return total

    def tick(self, tick: int, heard: dict[str, NDArray[Any]]) -> Ints:
        """One step of `Format`'s equations; returns what the group says."""
        how, neurons = self.how, self.neurons
        for each in self.currents:
            each.tick(tick, heard, self.count)
        current = self.current
        leak = negated(DECAYS[how.decay](self.potential, neurons.potential_decay), how.potential)
        if how.potential.overflow == "saturate":
            step = added((leak, current, neurons.bias), how.potential, self.count)
            reached = added((self.potential, step), how.potential, self.count)
        else:
            drive = current + neurons.bias
            if how.drive is not None:
                drive = fitted(drive, how.drive, self.count)
            reached = added((self.potential, leak, drive), how.potential, self.count)
        said, self.potential = self.say(reached)
        return said


class _Current:
    """What synapses raise and a tick decays: (batch, neurons)."""

    def __init__(
        self,
        feeds: Sequence[Synapses],
        neurons: Neurons,
        how: Format,
        most: Mapping[str, int],
        nothing: Ints,
    ) -> None:
        self.how, self.register, self.value = how, neurons.current_decay, nothing
        self.shift = 0
        if how.apart:
            shifts = {each.shift for each in feeds}
            if len(shifts) > 1:
                raise ConfigError(
                    f"synapses into {neurons.name!r} have shifts {sorted(shifts)}; this chip "
                    "shifts what has arrived at a group, once"
                )
            self.shift = max(shifts, default=0)
            feeds = [replace(each, shift=0) for each in feeds]
        chosen = DELIVERIES[how.current.overflow]
        self.feeds = [
            (each, chosen(each, how.current, most[each.source]))
            for each in merged(feeds, how.current)
        ]

    def tick(self, tick: int, heard: Mapping[str, NDArray[Any]], count: Count) -> None:
        """Decay, and take what has arrived; or the other way round."""
        how = self.how
        decay = DECAYS[how.decay]
        if not how.add_first:
            self.value = self.value - decay(self.value, self.register)
        total = self.value if how.arrival is None else np.zeros_like(self.value)
        for synapses, deliver in self.feeds:
            if tick >= synapses.delay:
                source = heard[synapses.source]
                at = (tick - synapses.delay) % source.shape[1]
                total = deliver(total, source[:, at], count)
        if how.arrival is not None:
            taken = GAINS[how.gain](fitted(total, how.arrival, count) << self.shift, self.register)
            total = self.value + taken
        self.value = self._held(total, count)
        if how.add_first:
            self.value = self.value - decay(self.value, self.register)

    def _held(self, total: Ints, count: Count) -> Ints:
        """Every current as its word holds it."""
        if self.how.leaky is None:
            return fitted(total, self.how.current, count)
        held, leaky = total.copy(), self.register > 0
        for which, word in ((leaky, self.how.leaky), (~leaky, self.how.current)):
            held[:, which] = fitted(total[:, which], word, count)
        return held


def _of_sign(feeds: Sequence[Synapses], sign: int) -> list[Synapses]:
    """The synapses whose weights have this sign, with their size as weight."""
    return [replace(each, weight=np.maximum(sign * each.weight, 0)) for each in feeds]
