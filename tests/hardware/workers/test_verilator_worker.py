"""Verilator equals the emulator too; what it compiles is what Icarus interprets."""

from tests.hardware.fpga.networks import (
    configured,
    needs_verilator,
    random_inputs,
    random_network,
)
from tests.hardware.workers.test_icarus_worker import require_equal


@needs_verilator
def test_a_network_of_two_layers_that_clamps() -> None:
    network = random_network(1, kind="wild", layers=2)
    ours = require_equal(configured(network), random_inputs(1, network, steps=40), "verilator")
    assert ours.trace.overflows > 0
