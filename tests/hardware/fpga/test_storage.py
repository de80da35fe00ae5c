"""Whole blocks are filled, what is left over goes into logic, and both are counted."""

import dataclasses

from hardware.fpga import ICE40_HX8K
from hardware.fpga.program import Memory, Program
from hardware.fpga.storage import stored

SIZES = {"VALUE": 8, "COLUMN": 7, "ADDS": 1, "KEPT": 25, "STATES": 330}


def program(**shapes: tuple[int, int]) -> Program:
    memories = {name: Memory(width, (0,) * depth) for name, (width, depth) in shapes.items()}
    return Program(SIZES, memories, ())


def test_the_last_words_lie_in_logic_where_a_block_would_be_mostly_empty() -> None:
    found = stored(program(weights=(64, 1600), rungs=(68, 50)), ICE40_HX8K)
    # 1536 words of 64 bits fill 24 blocks; values and counts take one each, states four
    assert found.heads == {"weights": 1536, "rungs": 0}
    assert (found.block_rams, found.logic_bits, found.fits) == (30, 64 * 64 + 68 * 50, True)
    assert found.parameters == {"WEIGHTS_HEAD": 1536, "RUNGS_HEAD": 0}


def test_a_head_ends_where_the_low_bits_of_an_address_start_anew() -> None:
    for depth in (300, 700, 1100, 1600):
        head = stored(program(weights=(48, depth)), ICE40_HX8K).heads["weights"]
        rest = depth - head
        assert rest == 0 or head % (1 << (rest - 1).bit_length()) == 0


def test_what_does_not_fit_is_still_counted() -> None:
    small = dataclasses.replace(ICE40_HX8K, block_rams=20, luts=300)
    found = stored(program(weights=(64, 1600)), small)
    assert not found.fits
    assert found.block_rams > 20
