"""Synthesis by yosys, placing and routing by nextpnr: what a design takes, how fast it may run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spiking.errors import MissingSoftwareError, WorkerError
from spiking.guarded import ended

from ..configuration import Configuration, write_files
from ..simulator import environments
from .device import Device
from .files import SOURCES

COMMAND = "scripts/fpga-tools"
_SECONDS = 1800.0
# MHz asked of the placer: more than any of these devices reaches, so that it does its best
_ASKED = 100
# names of yosys' cells, in all families, by what they take; how many LUTs lie in one
_CELLS = {
    "luts": {"SB_LUT4": 1, "LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
    "registers": {"SB_DFF": 1, "TRELLIS_FF": 1},
    "block_rams": {"SB_RAM40_4K": 1, "DP16KD": 1},
    "multipliers": {"SB_MAC16": 1, "MULT18X18D": 1},
}


@dataclass(frozen=True)
class Resources:
    """What a design takes, or a device has."""

    luts: int
    registers: int
    block_rams: int
    multipliers: int


@dataclass(frozen=True)
class Synthesis:
    """What the tools say of a design.

    used       as yosys says; the LUTs as nextpnr says where it was placed, which takes a LUT also
               for a carry or a register that finds no place beside one
    available  of the device
    hertz      highest clock after routing; None where it could not be placed
    tools      versions by program
    """

    device: str
    lanes: int
    used: Resources
    available: Resources
    hertz: float | None
    tools: Mapping[str, str]

    @property
    def missing(self) -> dict[str, int]:
        """How much too little the device has, by resource."""
        have = vars(self.available)
        return {name: n - have[name] for name, n in vars(self.used).items() if n > have[name]}


def synthesized(configuration: Configuration, device: Device) -> Synthesis:
    """Synthesise, place and route; a minute for a small device.

    A design that does not fit comes back without a clock, `missing` says what by how much.
    Raises MissingSoftwareError where a tool is not installed, WorkerError where one fails.
    """
    yosys, nextpnr = program("yosys"), program(device.placing[0])
    made = json.loads(configuration.files["network.json"])
    with tempfile.TemporaryDirectory(prefix="subspike-") as place:
        folder = Path(place)
        write_files(configuration, folder)
        script = (
            f"read_verilog -defer {' '.join(SOURCES)}; "
            f"{device.synthesis} -top subspike_network -json netlist.json; "
            "tee -o cells.json stat -json"
        )
        _call([*yosys, "-q", "-p", script], folder)
        used = _used(json.loads((folder / "cells.json").read_text()))
        available = Resources(device.luts, device.registers, device.block_rams, device.multipliers)
        tools = {"yosys": version(yosys, "-V"), "nextpnr": version(nextpnr, "--version")}
        result = Synthesis(device.name, made["lanes"], used, available, None, tools)
        if result.missing:
            return result
        words = ["--json", "netlist.json", "--report", "report.json", "--freq", str(_ASKED)]
        allowed = ["--timing-allow-fail", "--seed", "1", "-q"]
        _call([*nextpnr, *device.placing[1:], *words, *allowed], folder)
        report = json.loads((folder / "report.json").read_text())
    hertz = min(each["achieved"] for each in report["fmax"].values()) * 1e6
    placed = replace(used, luts=int(report["utilization"][device.cell]["used"]))
    return replace(result, used=placed, hertz=hertz)


def steps_per_second(made: Synthesis, *, clocks: float) -> float:
    """Of a step that takes so many clocks; 0 for a design that could not be placed."""
    return (made.hertz or 0.0) / clocks


def program(name: str) -> list[str]:
    """The command of a tool: on the PATH, or in an environment that `scripts/vendors` made.

    Raises MissingSoftwareError with the command that installs it.
    """
    found = shutil.which(name)
    if found is not None:
        return [found]
    module = name.replace("-", "_")
    python = environments() / module / "bin" / "python"
    if not python.exists():
        raise MissingSoftwareError(f"{name} is not installed", COMMAND)
    call = f"import sys, yowasp_{module} as y; sys.exit(y.run_{module}(sys.argv[1:]))"
    return [str(python), "-c", call]


def version(command: list[str], word: str) -> str:
    """What a tool says of its release."""
    done = subprocess.run(  # noqa: S603 - a tool that `program` found
        [*command, word], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    said = done.stdout + done.stderr
    found = re.search(r"\d+\.\d[\w.+-]*", said)
    return found.group() if found else said.strip()[:80]


def _call(command: list[str], folder: Path) -> None:
    failure = ended(command, folder, seconds=_SECONDS)
    if failure:
        raise WorkerError(f"{Path(command[0]).name}: {failure}")


def _used(report: Mapping[str, Any]) -> Resources:
    cells: Mapping[str, int] = report["design"]["num_cells_by_type"]
    counts = {
        resource: sum(
            n * each
            for cell, n in cells.items()
            for name, each in names.items()
            if cell[: len(name)] == name
        )
        for resource, names in _CELLS.items()
    }
    return Resources(**counts)
