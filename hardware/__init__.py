"""Graph to chip: check, place, run (floor 2; needs numpy and nir, never torch)."""

from .placement_file import load_placement, save_placement
from .placing import check, place, simulate
from .table import targets_table
from .target import Limits, Placement, Run, Target, Violation
from .targets import TARGETS

__all__ = [
    "TARGETS",
    "Limits",
    "Placement",
    "Run",
    "Target",
    "Violation",
    "check",
    "load_placement",
    "place",
    "save_placement",
    "simulate",
    "targets_table",
]
