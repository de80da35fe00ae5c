"""Our own core in Verilog: from a quantised network to a design that tools synthesise."""

from .clocks import clocks_of_a_step
from .device import ECP5_25K, ICE40_HX8K, Device
from .files import verilog_files
from .golden import golden_files
from .synthesis import Resources, Synthesis, steps_per_second, synthesized

__all__ = [
    "ECP5_25K",
    "ICE40_HX8K",
    "Device",
    "Resources",
    "Synthesis",
    "clocks_of_a_step",
    "golden_files",
    "steps_per_second",
    "synthesized",
    "verilog_files",
]
