"""FPGAs: our own core in Verilog, one for every network (hardware/fpga)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from spiking.errors import MissingSoftwareError

from ..configuration import Configuration
from ..energy import ESTIMATE, Estimate, unavailable
from ..format import Format, Word
from ..fpga.clocks import clocks_of_a_step
from ..fpga.device import ECP5_25K, ICE40_HX8K, Device
from ..fpga.files import program_of, verilog_files
from ..fpga.fitting import memories_fit, quantize_to_fit
from ..fpga.storage import stored
from ..network import Ints, Quantized
from ..placement import Cores, Placement, neurons, synapses
from ..populations import POPULATIONS
from ..run import Run
from ..simulator import Simulator
from ..target import Latency, Limits, Target

# the core is ours, and so is its arithmetic: that of the generic integer core
FORMAT = Format(
    weight_bits=32, current=Word(32, "clip"), potential=Word(32, "clip"), decay="half_up"
)
_SIMULATORS = (
    Simulator(
        "verilator",
        "5.006",
        "scripts/fpga-tools",
        programs=("verilator", "make", "g++"),
    ),
    Simulator("icarus", "11.0", "scripts/fpga-tools", programs=("iverilog", "vvp")),
)
_YOSYS = Simulator("yosys", "0.23", "scripts/fpga-tools", programs=("yosys",))
# by the program that `Device.placing` names
_PLACERS = {
    "nextpnr-ecp5": Simulator(
        "nextpnr_ecp5", "0.11.1", "scripts/fpga-tools", programs=("nextpnr-ecp5",), apart=True
    ),
    "nextpnr-ice40": Simulator(
        "nextpnr_ice40", "0.4", "scripts/fpga-tools", programs=("nextpnr-ice40",)
    ),
}


def _target(device: Device) -> Target:
    def configure(network: Quantized, _placement: Placement, target: Target) -> Mapping[str, bytes]:
        return verilog_files(network, target.format, device)

    def rams(network: Quantized, _cores: Mapping[str, Ints], _count: int) -> Ints:
        return np.array([stored(program_of(network, FORMAT, device.lanes), device).block_rams])

    def seconds(configuration: Configuration, run: Run) -> Estimate:
        try:
            clocks = clocks_of_a_step(configuration)
        except MissingSoftwareError as error:
            return unavailable("latency", "s", str(error))
        return Estimate(
            quantity="latency",
            value=run.ticks * clocks / device.hertz,
            unit="s",
            kind=ESTIMATE,
            table=f"{clocks} clocks a step, counted in simulation, at {device.hertz / 1e6:g} MHz",
            node="",
            scope="the core alone, without the link to a host",
            source="docs/fpga.md: placed designs reach more; fpga.synthesized says how much",
        )

    return Target(
        name=f"fpga-{device.name}",
        about=f"{device.about}: our core, {device.lanes} rows side by side",
        source=device.source,
        limits=Limits(),
        format=FORMAT,
        latency=Latency(
            enter=0, loop=1, leave=0, source="by design: a step is over when its counts are told"
        ),
        family=POPULATIONS,
        quantize=partial(quantize_to_fit, device=device),
        rules=(partial(memories_fit, device=device),),
        cores=Cores(
            limits={"block RAM": device.block_rams},
            loads={"neurons": neurons, "synapses": synapses},
            tallies={"block RAM": rams},
            source=device.source,
        ),
        configure=configure,
        simulators=_SIMULATORS,
        tools=(_YOSYS, _PLACERS[device.placing[0]]),
        energy=(_no_joules,),
        seconds=seconds,
    )


def _no_joules(_configuration: Configuration, _run: Run) -> Estimate:
    return unavailable("energy", "J", "the open tools for this FPGA estimate no power")


FPGA_ICE40_HX8K = _target(ICE40_HX8K)
FPGA_ECP5_25K = _target(ECP5_25K)
