"""The numbers of the Xylo chips, as the vendor's overview prints them."""

import pytest

from hardware import TARGETS


@pytest.mark.parametrize(
    ("name", "inputs", "hidden", "outputs", "fan_out"),
    [
        ("xylo-audio2", 16, 1000, 8, 64),
        ("xylo-audio3", 16, 992, 16, 1024),
        ("xylo-imu", 16, 496, 16, 512),
    ],
)
def test_limits(name, inputs, hidden, outputs, fan_out) -> None:
    limits = TARGETS[name].limits
    assert (limits.inputs, limits.hidden, limits.outputs) == (inputs, hidden, outputs)
    assert (limits.fan_out, limits.spikes, limits.input_spikes) == (fan_out, 31, 15)
