"""What a run costs in joules and seconds, from cited tables; every figure says what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .configuration import Configuration
from .network import INPUT, Quantized
from .run import Run

ESTIMATE, MEASURED, UNAVAILABLE = "estimate", "measured", "unavailable"


@dataclass(frozen=True)
class Estimate:
    """One figure and what is behind it.

    quantity  "energy" or "latency"
    value     per sample, None where it is unavailable
    unit      "J" or "s"
    kind      "estimate": counted events times a table, or a simulator's model; "measured": on
              silicon or from a synthesised design's own report; "unavailable"
    table     which table or model
    node      process of the silicon, "" where it is not known
    scope     what the figure covers and what it leaves out; why, where it is unavailable
    source    of the table
    """

    quantity: str
    value: float | None
    unit: str
    kind: str
    table: str
    node: str
    scope: str
    source: str


@dataclass(frozen=True)
class EnergyTable:
    """Joules an event.

    synop     a spike over a synapse
    update    a neuron at a tick
    spike     one that is emitted
    mac       a multiplication of a graded input; None where the source has none
    rate_mac  one of a rate model as wide as the values here, on the same silicon; None likewise
    """

    name: str
    node: str
    scope: str
    source: str
    synop: float
    update: float
    spike: float = 0.0
    mac: float | None = None
    rate_mac: float | None = None


def table_energy(table: EnergyTable, run: Run) -> Estimate:
    """Joules a sample by counted events.

        E = synops e_s + updates e_u + fired e_f + macs e_m

    averaged over the run's samples. Without a value for multiplications they are left out, and
    the scope says so.
    """
    joules = float(run.synops.mean()) * table.synop + run.updates * table.update
    joules += float(run.fired.mean()) * table.spike
    scope, macs = table.scope, float(run.macs.mean())
    if table.mac is not None:
        joules += macs * table.mac
    elif macs:
        scope = f"{scope}; without {macs:.4g} multiplications of graded inputs"
    return Estimate("energy", joules, "J", ESTIMATE, table.name, table.node, scope, table.source)


def unavailable(quantity: str, unit: str, why: str) -> Estimate:
    """A figure that nobody has published."""
    return Estimate(quantity, None, unit, UNAVAILABLE, "", "", why, "")


def metered(table: EnergyTable) -> Callable[[Configuration, Run], Estimate]:
    """The table's way to measure a run, for a target's record."""

    def meter(_configuration: Configuration, run: Run) -> Estimate:
        return table_energy(table, run)

    return meter


def break_even(table: EnergyTable, network: Quantized, *, macs: float) -> float | None:
    """Spikes a neuron and tick below which the network costs less than its bit-matched rate model.

        rate model    macs e_r
        spiking       neurons ticks (e_u + r (F e_s + e_f))

    r the answer, F synapses of a neuron on average, both sides in one step of the model.

    macs     multiplications of the rate model in a step
    returns  None where the table has no price for them; negative where updates alone cost more
    """
    if table.rate_mac is None:
        return None
    neurons = sum(map(len, network.groups))
    own = [each for each in network.synapses if each.source != INPUT]
    fan_out = sum(int(np.count_nonzero(each.weight)) for each in own) / neurons
    left = macs * table.rate_mac / (neurons * network.ticks) - table.update
    return left / (fan_out * table.synop + table.spike)
