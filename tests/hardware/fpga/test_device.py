"""Block RAMs are counted as the data sheets' shapes allow."""

from hardware.fpga import ECP5_25K, ICE40_HX8K
from hardware.fpga.program import Memory


def memory(width: int, depth: int) -> Memory:
    return Memory(width, (0,) * depth)


def test_the_best_shape_is_taken() -> None:
    cases = [((16, 256), 1), ((17, 256), 2), ((8, 512), 1), ((2, 2048), 1), ((48, 1600), 21)]
    for shape, count in cases:
        assert ICE40_HX8K.blocks(memory(*shape)) == count, shape
    assert ECP5_25K.blocks(memory(48, 1600)) == 6
    assert ECP5_25K.blocks(memory(36, 512)) == 1


def test_the_data_sheets_numbers() -> None:
    assert (ICE40_HX8K.luts, ICE40_HX8K.block_rams, ICE40_HX8K.multipliers) == (7680, 32, 0)
    assert (ECP5_25K.luts, ECP5_25K.block_rams, ECP5_25K.multipliers) == (24_288, 56, 28)
