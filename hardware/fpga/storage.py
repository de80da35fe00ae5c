"""Which memories of a core lie in block RAM, and which in logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from .device import Device
from .program import Memory, Program


@dataclass(frozen=True)
class Storage:
    """Where the words of every memory lie.

    heads       of every read-only memory, its first words in block RAM; the rest lies in logic
    block_rams  in all
    logic_bits  in all
    fits        the device has them
    """

    heads: Mapping[str, int]
    block_rams: int
    logic_bits: int
    fits: bool

    @property
    def parameters(self) -> dict[str, int]:
        """Of the Verilog."""
        return {f"{name.upper()}_HEAD": head for name, head in self.heads.items()}


def stored(program: Program, device: Device) -> Storage:
    """The cheapest way to store a program's memories that fits; the smallest where none does.

    Block RAM comes in whole blocks: the last words of a memory, which would fill a part of one,
    may be cheaper in logic, and so may a whole small memory.
    """
    sizes = program.parameters
    values = device.blocks(Memory(sizes["VALUE"], (0,) * 2 ** (sizes["COLUMN"] + 1)))
    states = device.blocks(Memory(sizes["KEPT"], (0,) * sizes["STATES"]))
    fixed = (1 + sizes["ADDS"]) * values + states
    options = [_heads(memory, device) for memory in program.memories.values()]
    found = []
    for heads in product(*options):
        blocks = fixed + sum(options[at][head][0] for at, head in enumerate(heads))
        bits = sum(options[at][head][1] for at, head in enumerate(heads))
        fits = blocks <= device.block_rams and bits <= device.logic_bits
        cost = blocks + bits * device.logic_bit
        beyond = max(blocks - device.block_rams, 0) + max(bits / device.logic_bits - 1, 0)
        found.append(((not fits, beyond, cost), heads, blocks, bits))
    (excess, _, _), heads, blocks, bits = min(found)
    return Storage(dict(zip(program.memories, heads, strict=True)), blocks, bits, not excess)


def _heads(memory: Memory, device: Device) -> dict[int, tuple[int, int]]:
    """Block RAMs and bits of logic by words in block RAM: none, all, or whole depths of a shape."""
    depth = len(memory.words)
    heads = {0, depth, *(depth // deep * deep for _, deep in device.shapes)}
    return {
        head: (
            device.blocks(Memory(memory.width, memory.words[:head])) if head else 0,
            memory.width * (depth - head),
        )
        for head in sorted(heads)
    }
