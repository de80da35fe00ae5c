"""Graph to chip: check, place, quantize, configure, run (floor 2; needs numpy and nir, no torch).

A target is one file in `hardware/targets/` that makes a `Target`: limits with their source, a
`Format` (how it counts), a `Latency` (ticks in, around, out), the `Family` of graphs that it takes
with rules of its own, a quantiser from graph to `Quantized`, its `Cores`, and the `Simulator`s and
the `Mapper` of its vendor, each driven by one file in `hardware/workers/`. docs/add_a_chip.md goes
through it.
"""

from .artefacts import load, save
from .compound import CompoundLayer, CompoundNetwork
from .configuration import Configuration, write_files
from .energy import EnergyTable, Estimate
from .flow import (
    check,
    configure,
    deploy,
    emulate,
    map_with_vendor,
    place,
    quantize,
    simulate,
    target_named,
)
from .format import Format, Word
from .mapper import Mapped, Mapper
from .network import Entry, Exit, Neurons, Quantized, Synapses
from .placement import Cores, Placement
from .run import Run, Trace
from .simulator import Simulator
from .table import formats_table, targets_table
from .target import Family, Latency, Limits, Target
from .targets import TARGETS
from .violation import Violation

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
    "Mapped",
    "Mapper",
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
    "map_with_vendor",
    "place",
    "quantize",
    "save",
    "simulate",
    "target_named",
    "targets_table",
    "write_files",
]
