"""The registers, in numbers that the vendors' own code prints."""

from hardware.loihi.registers import LOIHI_1, LOIHI_2


def test_ranges() -> None:
    assert (LOIHI_1.top_weight, LOIHI_1.top_threshold) == (255, 131_071 * 64)
    assert (LOIHI_1.top_bias, LOIHI_1.top_sum) == (4095 * 128, 2**21 - 1)
    assert (LOIHI_2.top_bias, LOIHI_2.top_sum) == (4095 * 128, 2**23 - 1)
    assert (LOIHI_1.message, LOIHI_1.exponents) == (0, (0, 7))
    assert LOIHI_2.exponents == (-8, 7)
