"""A network as a folder of Verilog: the core's sources, the network's sizes and its memories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

from ..format import Format
from ..network import Quantized
from ..workers.verilog import hexadecimal
from .device import Device
from .fold import Folded, folded
from .program import Program, programmed
from .storage import stored

SOURCES = ("network.v", "core.v", "lanes.v", "neurons.v", "memory.v")
TESTBENCH = "testbench.v"
SCHEMA = 1


def verilog_files(
    network: Quantized, how: Format, device: Device, *, lanes: int | None = None
) -> Mapping[str, bytes]:
    """Every file of the project by name.

    how     number format, whose decays round halves up
    device  whose block RAM is to be used well; the files suit any other
    lanes   rows that are summed side by side, the device's own number where none is given

    network.json says which neuron of which group lives when, for whoever reads the trace.
    Raises ConfigError as `measured` does.
    """
    rows = folded(network)
    program = program_of(network, how, lanes or device.lanes)
    storage = stored(program, device)
    here = files(__package__) / "verilog"
    found = {name: (here / name).read_bytes() for name in (*SOURCES, TESTBENCH)}
    found["network.vh"] = _header({**program.parameters, **storage.parameters})
    found["places.hex"] = hexadecimal(program.places or (0,), 32)
    for name, memory in program.memories.items():
        parts = {
            "": memory.words[: storage.heads[name]],
            "_tail": memory.words[storage.heads[name] :],
        }
        for ending, words in parts.items():
            if words:
                found[f"{name}{ending}.hex"] = hexadecimal(words, memory.width)
    found["network.json"] = json.dumps(_about(network, rows, program)).encode()
    return found


def program_of(network: Quantized, how: Format, lanes: int) -> Program:
    """The core's program of a network."""
    return programmed(folded(network), lanes=lanes, inputs=network.entry.digits, word=how.current)


def _header(parameters: Mapping[str, int]) -> bytes:
    lines = ["// written by the generator; sizes of one network"]
    lines += [f"localparam {name} = {value};" for name, value in parameters.items()]
    return ("\n".join(lines) + "\n").encode()


def _about(network: Quantized, rows: Folded, program: Program) -> dict[str, object]:
    wires = rows.wires
    repeated = {
        n: (int(s), int(w))
        for n, (s, w) in enumerate(zip(wires.source, wires.weight, strict=True))
        if w
    }
    return {
        "schema": SCHEMA,
        "lanes": program.parameters["LANES"],
        "input_bits": network.entry.digits,
        "value_bits": program.parameters["VALUE"],
        "state_bits": program.parameters["STATE"],
        "groups": [group.name for group in network.groups],
        "order": rows.order,
        "wires": [[n, source, weight] for n, (source, weight) in repeated.items()],
    }
