"""The nouns of a chip: what it can hold, what a network breaks, where it went, what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Limits:
    """How much fits; None where the chip, or this model of it, has no such limit.

    inputs, hidden, outputs   channels and neurons
    fan_out                   synapses that leave one hidden neuron, at most
    recurrent                 recurrent synapses in all
    input_reach               only the first so many hidden neurons take input
    output_reach              only the last so many hidden neurons feed the output
    input_spikes, spikes      of an input channel and of a hidden neuron in one step, at most
    weight_bits, state_bits   signed integers
    dash_bits                 bits of a decay exponent
    """

    inputs: int | None = None
    hidden: int | None = None
    outputs: int | None = None
    fan_out: int | None = None
    recurrent: int | None = None
    input_reach: int | None = None
    output_reach: int | None = None
    input_spikes: int | None = None
    spikes: int = 1
    weight_bits: int = 8
    state_bits: int = 16
    dash_bits: int | None = None


@dataclass(frozen=True)
class Violation:
    """One broken rule: which, where, what the network has, what the chip allows, what to do."""

    rule: str
    where: str
    have: str
    limit: str
    remedy: str

    def __str__(self) -> str:
        """One line for a terminal."""
        return f"{self.rule}: {self.where} has {self.have}, limit {self.limit}; {self.remedy}"


@dataclass(frozen=True)
class Placement:
    """A network in a chip's own numbers.

    target  name of the chip
    dt      seconds per step
    arrays  integers by name; which ones is the core's own business
    notes   what placing changed, in sentences; empty where nothing was
    """

    target: str
    dt: float
    arrays: Mapping[str, Ints]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What a placed network did.

    spikes       spikes of every spiking node per step, {"n2_hidden": (batch, time, neurons), ...}
    outputs      (batch, time, outputs): the readout's potential, or logits
    currents     of the readout's synapses, where the chip has them  # (batch, time, outputs)
    synops       synaptic operations per sample  # (batch,)
    saturations  additions that were clamped; None where the simulator does not tell
    """

    spikes: Mapping[str, NDArray[Any]]
    outputs: NDArray[Any]
    synops: Ints
    saturations: int | None
    currents: Ints = field(default_factory=lambda: np.zeros((0, 0, 0), np.int64))


@dataclass(frozen=True)
class Core:
    """How a family of chips computes: three functions that its targets share.

    check     every broken rule of (graph, target, dt)
    place     arrays and notes of (graph, target, dt) for a graph without violations
    simulate  run of (placement, target, inputs, vendor)
    """

    check: Callable[[nir.NIRGraph, Target, float], tuple[Violation, ...]]
    place: Callable[[nir.NIRGraph, Target, float], tuple[dict[str, Ints], tuple[str, ...]]]
    simulate: Callable[[Placement, Target, NDArray[Any], bool], Run]


@dataclass(frozen=True)
class Target:
    """A chip: its name, its limits, the source of these numbers, and its core."""

    name: str
    about: str
    limits: Limits
    simulator: str
    source: str
    core: Core
