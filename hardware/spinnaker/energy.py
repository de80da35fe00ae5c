"""Joules and seconds of SpiNNaker: a tick is a time step in real time."""

from __future__ import annotations

from dataclasses import replace

from ..configuration import Configuration
from ..energy import ESTIMATE, EnergyTable, Estimate
from ..run import Run
from .cores import TICK

SPINNAKER_1 = EnergyTable(
    name="SpiNNaker, energy a neuron and synapse",
    node="130 nm",
    scope="neuron updates and synaptic events alone: no idle chips, no routers",
    source="S. Hoeppner et al. 2019, Dynamic Power Management for Neuromorphic Many-Core Systems, "
    "arXiv 1903.08941, as quoted by KerasSpiking 0.3.0, model_energy.py",
    synop=13.3e-9,
    update=26e-9,
)
SPINNAKER_2 = replace(
    SPINNAKER_1,
    name="SpiNNaker 2 prototype, energy a neuron and synapse",
    node="28 nm prototype",
    synop=450e-12,
    update=2.19e-9,
)

# SpiNNMachine (spynnaker 7.4.1), version/version_spin1.py: watts of an idle chip and of an active
# core above it, joules of a packet of 40 bits
_CHIP, _CORE, _PACKET = 0.35, 0.034, 25e-12 * 40
# 18 cores a chip, one of which runs the chip
CORES_A_CHIP = 17


def board_joules(configuration: Configuration, run: Run) -> Estimate:
    """Joules a sample of the chips in use, by power and time.

    E = t (chips P_chip + cores P_core) + fired E_packet
    """
    cores = configuration.placement.count
    chips = -(-cores // CORES_A_CHIP)
    joules = run.ticks * TICK * (chips * _CHIP + cores * _CORE)
    joules += float(run.fired.mean()) * _PACKET
    return Estimate(
        "energy",
        joules,
        "J",
        ESTIMATE,
        "SpiNNaker, power of chips in use",
        "130 nm",
        f"{chips} chips and {cores} cores in use over {run.ticks} ticks, and a hop of every spike",
        "SpiNNMachine (spynnaker 7.4.1), version/version_spin1.py",
    )


def seconds(_configuration: Configuration, run: Run) -> Estimate:
    """A tick is a time step of the machine, whatever happens in it."""
    return Estimate(
        "latency",
        run.ticks * TICK,
        "s",
        ESTIMATE,
        "real time",
        "",
        f"{run.ticks} ticks of {TICK * 1e3:g} ms, the vendor's default; no core has more synapses "
        "than it can add up in one",
        "sPyNNaker 7.4.1, setup(timestep=1.0)",
    )
