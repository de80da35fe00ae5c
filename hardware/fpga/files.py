"""A network as a folder of Verilog: the core's sources, the network's sizes and its memories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

from ..format import Format
from ..network import Quantized
from ..workers.verilog import hexadecimal
from .fold import Folded, folded
from .program import Program, programmed

SOURCES = ("network.v", "core.v", "lanes.v", "neurons.v", "memory.v")
TESTBENCH = "testbench.v"
SCHEMA = 1


def verilog_files(
    network: Quantized, how: Format, *, lanes: int, inputs: int
) -> Mapping[str, bytes]:
    """Every file of the project by name.

    how     number format, whose decays round halves up
    lanes   rows that are summed side by side
    inputs  signed bits of an input

    network.json says which neuron of which group lives when, for whoever reads the trace.
    Raises ConfigError as `measured` does.
    """
    rows = folded(network)
    program = programmed(rows, lanes=lanes, inputs=inputs, word=how.current)
    here = files(__package__) / "verilog"
    found = {name: (here / name).read_bytes() for name in (*SOURCES, TESTBENCH)}
    found["network.vh"] = _header(program)
    found["places.hex"] = hexadecimal(program.places or (0,), 32)
    for name, memory in program.memories.items():
        found[f"{name}.hex"] = hexadecimal(memory.words, memory.width)
    found["network.json"] = json.dumps(_about(network, rows, program, inputs)).encode()
    return found


def _header(program: Program) -> bytes:
    lines = ["// written by the generator; sizes of one network"]
    lines += [f"localparam {name} = {value};" for name, value in program.parameters.items()]
    return ("\n".join(lines) + "\n").encode()


def _about(network: Quantized, rows: Folded, program: Program, inputs: int) -> dict[str, object]:
    wires = rows.wires
    repeated = {
        n: (int(s), int(w))
        for n, (s, w) in enumerate(zip(wires.source, wires.weight, strict=True))
        if w
    }
    return {
        "schema": SCHEMA,
        "lanes": program.parameters["LANES"],
        "input_bits": inputs,
        "value_bits": program.parameters["VALUE"],
        "state_bits": program.parameters["STATE"],
        "groups": [group.name for group in network.groups],
        "order": rows.order,
        "wires": [[n, source, weight] for n, (source, weight) in repeated.items()],
    }
