"""Graph to chip: check, place, quantize, configure, run (floor 2; needs numpy and nir, no torch).

A target is one file in `hardware/targets/` that makes a `Target`: limits with their source, a
`Format` (how it counts), a `Latency` (ticks in, around, out), the `Family` of graphs that it takes
with rules of its own, a quantiser from graph to `Quantized`, its `Cores`, and the `Simulator`s of
its vendor, each driven by one file in `hardware/workers/`. docs/add_a_chip.md goes through it.
"""

from .artefacts import load, save
from .compound import CompoundLayer, CompoundNetwork
from .configuration import Configuration, write_files
from .energy import EnergyTable, Estimate
from .flow import check, configure, deploy, emulate, place, quantize, simulate, target_named
from .format import Format, Word
from .network import Entry, Exit, Neurons, Quantized, Synapses
from .placement import Cores, Placement
from .run import Run, Trace
from .simulator import Simulator
from .table import formats_table, targets_table
from .target import Family, Latency, Limits, Target, Violation
from .targets import TARGETS

__all__ = [
    "TARGETS",
    "CompoundLayer",
    "CompoundNetwork",
    "Configuration",
    "Cores",
    "EnergyTable",
    "Entry",
    "Estimate",
    "Exit",
    "Family",
    "Format",
    "Latency",
    "Limits",
    "Neurons",
    "Placement",
    "Quantized",
    "Run",
    "Simulator",
    "Synapses",
    "Target",
    "Trace",
    "Violation",
    "Word",
    "check",
    "configure",
    "deploy",
    "emulate",
    "formats_table",
    "load",
    "place",
    "quantize",
    "save",
    "simulate",
    "target_named",
    "targets_table",
    "write_files",
]
