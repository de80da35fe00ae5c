"""Icarus Verilog (programs iverilog and vvp): an event-driven simulator with undefined bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .verilog import called, simulated


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """All samples in one run of the project's test bench."""
    return simulated(build, about, arrays, arriving, watched)


def build(folder: Path) -> Sequence[str]:
    """Compile the project; the command that runs it."""
    sources = sorted(path.name for path in folder.glob("*.v"))
    called(["iverilog", "-g2005", "-o", "simulation", "-s", "testbench", *sources], folder)
    return ["vvp", "-N", "simulation"]
