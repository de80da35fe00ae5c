"""FPGAs: what they hold, which programs synthesise and place for them, how they store memories."""

from __future__ import annotations

from dataclasses import dataclass

from .program import Memory


@dataclass(frozen=True)
class Device:
    """One FPGA.

    luts, registers, block_rams, multipliers  that it has
    shapes     (bits of a word, words) of one block RAM
    logic_bit  what a read-only bit in logic costs, where a block RAM costs 1
    lanes      rows that a core for it sums side by side
    hertz      a clock that designs keep on it, somewhat below what nextpnr says of them
    synthesis  yosys' command
    placing    nextpnr's program and its words for this device
    cell       what nextpnr calls a LUT
    source     of the numbers
    """

    name: str
    about: str
    luts: int
    registers: int
    block_rams: int
    multipliers: int
    shapes: tuple[tuple[int, int], ...]
    logic_bit: float
    lanes: int
    hertz: float
    synthesis: str
    placing: tuple[str, ...]
    cell: str
    source: str

    @property
    def logic_bits(self) -> int:
        """Read-only bits that logic may hold: a third of the LUTs, of which one holds about 12."""
        return self.luts // 3 * 12

    def blocks(self, memory: Memory) -> int:
        """Block RAMs that hold a memory in the best of the shapes."""
        return min(
            -(-memory.width // width) * -(-len(memory.words) // depth)
            for width, depth in self.shapes
        )


ICE40_HX8K = Device(
    name="ice40-hx8k",
    about="Lattice iCE40-HX8K, package CT256",
    luts=7680,
    registers=7680,
    block_rams=32,
    multipliers=0,
    shapes=((16, 256), (8, 512), (4, 1024), (2, 2048)),
    logic_bit=1 / 1024,
    lanes=4,
    hertz=48e6,
    synthesis="synth_ice40",
    placing=("nextpnr-ice40", "--hx8k", "--package", "ct256"),
    cell="ICESTORM_LC",
    source="Lattice iCE40 LP/HX Family Data Sheet (DS1040), table 1-1",
)

ECP5_25K = Device(
    name="ecp5-25k",
    about="Lattice ECP5 LFE5U-25F, package CABGA381, speed grade 6",
    luts=24_288,
    registers=24_288,
    block_rams=56,
    multipliers=28,
    shapes=((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
    logic_bit=1 / 2048,
    lanes=8,
    hertz=50e6,
    synthesis="synth_ecp5",
    placing=("nextpnr-ecp5", "--25k", "--package", "CABGA381", "--speed", "6"),
    cell="TRELLIS_COMB",
    source="Lattice ECP5 and ECP5-5G Family Data Sheet (FPGA-DS-02012), section 1; LUTs: nextpnr",
)
