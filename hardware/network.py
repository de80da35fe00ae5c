"""A network in a chip's integers: groups of neurons, synapses with delays, a way in and a way out.

A chip works in ticks. A step of the model is `ticks` of them; where one tick of delay lies in every
synapse, gates and cells take turns. Every number here is the chip's own, in units of its states,
so that the emulator and every vendor's tool read the same network.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, ShapeError

Ints = NDArray[np.int64]

# the name by which synapses call the input channels
INPUT = "input"
# what groups say of their potentials; `hardware.saying` knows how
SAYS = ("change", "level", "nothing", "spikes")


@dataclass(frozen=True, eq=False)
class Neurons:
    """A group of neurons; arrays are (neurons,).

    threshold        that the potential must reach or pass, as the format says
    bias             added to the potential at every tick
    current_decay    of the synaptic current, the potential's below; a shift or 4096ths that are
    potential_decay  kept, as the format's `decay` says
    spikes           most in a tick; 0 for neurons that never fire; of graded values the largest
    tick             at which the group says its value of a step, from the step's first tick on
    says             what others hear of a potential, a key of `hardware.saying.SAYINGS`
    drop             lowest bits of a potential that a graded value is formed without
    knots            of the line that a "level" follows; empty for other groups
    """

    name: str
    threshold: Ints
    bias: Ints
    current_decay: Ints
    potential_decay: Ints
    spikes: int = 1
    tick: int = 0
    says: str = "spikes"
    drop: int = 0
    knots: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        """Neurons."""
        return len(self.threshold)


@dataclass(frozen=True, eq=False)
class Synapses:
    """Connections between two groups.

    source, target  names; the source may be INPUT
    weight          0 where there is no synapse  # (target neurons, source neurons)
    delay           ticks from a spike to its arrival; 0 is the same tick
    shift           an arriving spike adds weight * 2^shift to the current
    drop            lowest bits that a tick's sum loses first, rounded down
    """

    source: str
    target: str
    weight: Ints
    delay: int
    shift: int = 0
    drop: int = 0


@dataclass(frozen=True)
class Entry:
    """How the model's inputs reach the chip.

    inputs  entries of the model's input at a step
    way     "counts": whole numbers of spikes; "graded": integers, in units of 2^-bits, that
            weights multiply; "changes": by how much each differs from the step before, at first
            from 0; "digits": the same integers as so many binary channels of their two's
            complement, lowest digit first and the digits of an input side by side
    bits    fractional bits of an input
    digits  binary digits of an input; 1 where the chip sets no bound to graded ones
    most    largest spike count of a channel
    clocks  channels behind the inputs that fire once a step: the tick of the step, each; a tick
            beyond the first step delays a channel, and all fire as often as there are steps; among
            changes a clock is an input that becomes 1 at that tick and stays so
    """

    inputs: int
    way: str = "graded"
    bits: int = 0
    digits: int = 1
    most: int | None = None
    clocks: tuple[int, ...] = ()

    @property
    def channels(self) -> int:
        """Input channels of the chip, clocks among them."""
        return self.inputs * (self.digits if self.way == "digits" else 1) + len(self.clocks)


@dataclass(frozen=True)
class Exit:
    """Where the outputs are read: `unit` times the group's potentials, or its spikes."""

    group: str
    reads: str = "potential"
    unit: float = 1.0


@dataclass(frozen=True, eq=False)
class Quantized:
    """A network in the integers of one target.

    target    name of the chip
    dt        seconds per step of the model
    ticks     of the chip in a step
    groups    in the order in which a tick computes them
    notes     what rounding changed, in sentences; empty where nothing was

    Raises ShapeError where arrays do not fit each other, ConfigError where names or delays do not.
    """

    target: str
    dt: float
    entry: Entry
    exit: Exit
    groups: tuple[Neurons, ...]
    synapses: tuple[Synapses, ...]
    ticks: int = 1
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Every reference leads somewhere, every array has the length of its group."""
        _require_groups(self)
        _require_synapses(self)

    @property
    def sizes(self) -> dict[str, int]:
        """Entries of every group and of the input."""
        return {INPUT: self.entry.channels} | {group.name: len(group) for group in self.groups}

    @property
    def last_tick(self) -> int:
        """The latest tick of a step at which a group says something."""
        return max(group.tick for group in self.groups)


def payload_bits(group: Neurons) -> int:
    """Of a graded spike: a sign and as many digits as its largest number; 0 for others."""
    return 1 + group.spikes.bit_length() if group.says == "change" else 0


def group_named(network: Quantized, name: str) -> Neurons:
    """One of the network's groups; ConfigError naming them all for another."""
    for group in network.groups:
        if group.name == name:
            return group
    raise ConfigError(f"no group {name!r}; there are {[group.name for group in network.groups]}")


def _require_groups(network: Quantized) -> None:
    entry, names = network.entry, [group.name for group in network.groups]
    twice = [name for name, count in Counter([*names, INPUT]).items() if count > 1]
    if twice or not names or network.exit.group not in names:
        raise ConfigError(
            f"groups {names}: names must differ, from {INPUT!r} too, and the exit "
            f"{network.exit.group!r} be one of them"
        )
    if entry.inputs < 1 or entry.digits < 1 or network.ticks < 1 or not 0 < network.dt < np.inf:
        raise ConfigError("inputs, digits, ticks and dt must be positive")
    for group in network.groups:
        shapes = {
            name: np.shape(getattr(group, name))
            for name in ("threshold", "bias", "current_decay", "potential_decay")
        }
        knots = np.shape(group.knots)
        if any(shape != (len(group),) for shape in shapes.values()) or len(knots) != 1:
            raise ShapeError(
                f"group {group.name!r}: its arrays have shapes {shapes}, its knots {knots}"
            )
        if group.spikes < 0 or group.tick < 0:
            raise ConfigError(f"group {group.name!r}: spikes and tick must not be negative")
        graded = group.says == "level" and (len(group.knots) < 3 or len(group.knots) % 2 == 0)
        if group.says not in SAYS or not 0 <= group.drop <= 32 or graded:
            raise ConfigError(
                f"group {group.name!r}: it says {group.says!r} without {group.drop} bits, over "
                f"{len(group.knots)} knots; say one of {SAYS}, a level over an odd number from 3 on"
            )


def _require_synapses(network: Quantized) -> None:
    sizes, order = network.sizes, [INPUT, *(group.name for group in network.groups)]
    inner = {group.name for group in network.groups if group.says == "level"}
    for each in network.synapses:
        where = f"synapses {each.source!r} -> {each.target!r}"
        if each.source not in sizes or each.target not in sizes or each.target == INPUT:
            raise ConfigError(f"{where}: no such groups; there are {order}")
        wanted = (sizes[each.target], sizes[each.source])
        if np.shape(each.weight) != wanted:
            raise ShapeError(f"{where}: weights have shape {np.shape(each.weight)}, not {wanted}")
        forward = order.index(each.source) < order.index(each.target)
        wrong = not 0 <= each.shift <= 32 or not 0 <= each.drop <= 32
        if wrong or each.delay < (0 if forward else 1):
            raise ConfigError(
                f"{where}: shift {each.shift}, drop {each.drop} or delay {each.delay}; a spike "
                "that goes back, or stays in its group, takes a tick at least"
            )
        if each.source in inner and each.delay:
            raise ConfigError(f"{where}: delay {each.delay}; a level is heard in its own tick")
