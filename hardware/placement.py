"""Which neuron lies on which core, and how full every core is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .network import INPUT, Ints, Quantized, Synapses

# which neurons of a group lie on a core  # {"l0_n2_gates": (neurons on it,), ...}
Share = Mapping[str, Ints]
# how much of a resource a share of the network takes; it may not fall when neurons are added
Load = Callable[[Quantized, Share], int]
# the same for every core once all neurons lie somewhere  # (cores,)
Tally = Callable[[Quantized, Mapping[str, Ints], int], Ints]


@dataclass(frozen=True)
class Cores:
    """The cores of a chip.

    count    None for as many as it takes
    limits   what one core has, by resource; a resource without a limit is only reported
    loads    what decides whether one more neuron fits
    tallies  what is known only when everything is placed
    source   of these numbers
    """

    count: int | None = 1
    limits: Mapping[str, int] = field(default_factory=dict)
    loads: Mapping[str, Load] = field(default_factory=dict)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    source: str = ""


ONE_CORE = Cores()


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a network lies.

    target  name of the chip
    cores   of every neuron  # {"l0_n2_gates": (neurons,), ...}
    used    of every resource on every core  # {"neurons": (cores,), ...}
    limits  what one core has, by resource
    """

    target: str
    cores: Mapping[str, Ints]
    used: Mapping[str, Ints]
    limits: Mapping[str, int]

    @property
    def count(self) -> int:
        """Cores in use."""
        return 1 + max(int(cores.max(initial=-1)) for cores in self.cores.values())

    @property
    def utilization(self) -> dict[str, NDArray[np.float64]]:
        """Used share of every limited resource on every core."""
        return {name: self.used[name] / limit for name, limit in self.limits.items()}


def placed(network: Quantized, chip: Cores) -> Placement:
    """Fill one core after another, groups in order, each with as many neurons as fit.

    Groups that are parts of the same neurons begin on a core that holds them all, if any does. A
    neuron that fits no empty core gets one of its own, and a chip gets more cores than it has:
    `check` reports both from what is used.
    """
    cores = {group.name: np.zeros(len(group), np.int64) for group in network.groups}
    share: dict[str, Ints] = {}
    core = 0
    parts = _parts(network)
    for group in network.groups:
        start = 0
        whole = {name: np.arange(network.sizes[name]) for name in parts[group.name]}
        begun = not whole.keys().isdisjoint(share)
        if share and len(whole) > 1 and not begun and not _holds(network, chip, share | whole):
            core, share = core + 1, {}
        while start < len(group):
            rest = np.arange(start, len(group))
            fitting = _most_that_fit(network, chip, share, group.name, rest)
            if fitting == 0 and share:
                core, share = core + 1, {}
                continue
            end = start + max(fitting, 1)
            share[group.name] = np.arange(start, end)
            cores[group.name][start:end] = core
            start = end
            if start < len(group):
                core, share = core + 1, {}
    count = core + 1
    used = {name: np.zeros(count, np.int64) for name in chip.loads}
    for at in range(count):
        on_it = {name: np.nonzero(each == at)[0] for name, each in cores.items()}
        on_it = {name: rows for name, rows in on_it.items() if len(rows)}
        for name, load in chip.loads.items():
            used[name][at] = load(network, on_it)
    used |= {name: tally(network, cores, count) for name, tally in chip.tallies.items()}
    return Placement(network.target, cores, used, dict(chip.limits))


def _most_that_fit(network: Quantized, chip: Cores, share: Share, name: str, rest: Ints) -> int:
    """How many of the neurons `rest` fit beside `share`, by bisection."""
    low, high = 0, len(rest)
    while low < high:
        middle = (low + high + 1) // 2
        fits = _holds(network, chip, {**share, name: rest[:middle]})
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _holds(network: Quantized, chip: Cores, share: Share) -> bool:
    """Whether one core holds all of it."""
    return all(
        load(network, share) <= chip.limits[resource]
        for resource, load in chip.loads.items()
        if resource in chip.limits
    )


def _inner(network: Quantized) -> list[Synapses]:
    """Wires inside neurons: what says levels is a part of what hears them."""
    levels = {group.name for group in network.groups if group.says == "level"}
    return [each for each in network.synapses if each.source in levels]


def _parts(network: Quantized) -> dict[str, set[str]]:
    """Of every group those that are parts of the same neurons, itself among them."""
    parts = {group.name: {group.name} for group in network.groups}
    for each in _inner(network):
        joined = parts[each.source] | parts[each.target]
        parts |= dict.fromkeys(joined, joined)
    return parts


def torn(network: Quantized, cores: Mapping[str, Ints]) -> int:
    """Wires inside neurons whose ends lie on different cores."""
    return sum(
        int(((each.weight != 0) & (cores[each.target][:, None] != cores[each.source])).sum())
        for each in _inner(network)
    )


def neurons(_network: Quantized, share: Share) -> int:
    """Neurons on a core."""
    return sum(map(len, share.values()))


def synapses(network: Quantized, share: Share) -> int:
    """Synapses that end on a core; one of weight 0 is none."""
    return sum(
        int(np.count_nonzero(each.weight[share[each.target]]))
        for each in network.synapses
        if each.target in share
    )


def sources(network: Quantized, share: Share) -> int:
    """Different neurons and input channels with a synapse on a core."""
    seen = {name: np.zeros(size, bool) for name, size in network.sizes.items()}
    for each in network.synapses:
        if each.target in share:
            seen[each.source] |= (each.weight[share[each.target]] != 0).any(axis=0)
    return sum(int(each.sum()) for each in seen.values())


def destinations(network: Quantized, cores: Mapping[str, Ints], count: int) -> Ints:
    """Pairs of a neuron on a core and another core, or the same, that its spikes go to."""
    total = np.zeros(count, np.int64)
    for name, home in cores.items():
        reached = np.zeros((len(home), count), bool)
        for each in network.synapses:
            if each.source == name:
                there = np.zeros((count, len(home)), bool)
                np.logical_or.at(there, cores[each.target], each.weight != 0)
                reached |= there.T
        np.add.at(total, home, reached.sum(1))
    return total


def input_synapses(network: Quantized, share: Share) -> int:
    """Synapses of input channels that end on a core."""
    return sum(
        int(np.count_nonzero(each.weight[share[each.target]]))
        for each in network.synapses
        if each.target in share and each.source == INPUT
    )
