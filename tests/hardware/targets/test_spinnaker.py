"""SpiNNaker's format in the emulator, beside the C code's own steps one neuron at a time."""

import numpy as np
import pytest

from hardware import TARGETS, emulate
from tests.hardware.spinnaker.nets import random_network, slowly

NAMES = ("spinnaker1", "spinnaker2")


@pytest.mark.parametrize("seed", range(24))
def test_the_emulator_counts_as_the_chip_does(seed) -> None:
    network, inputs = random_network(seed, target=NAMES[seed % 2])
    watched = ["hidden", "out"]
    run = emulate(network, inputs, watched=watched)
    for sample, arriving in enumerate(run.arriving):
        spikes, potentials, currents = slowly(network, arriving)
        for name, raster in run.trace.spikes.items():
            assert np.array_equal(raster[sample], spikes[name])
        for name in watched:
            assert np.array_equal(run.trace.potentials[name][sample], potentials[name])
            assert np.array_equal(run.trace.currents[name][sample], currents[name])
    assert (run.trace.overflows > 0) == (seed % 4 == 0)
    assert bool(run.fired.any()) == (seed % 4 != 1)


def test_both_boards_have_the_same_neurons_and_a_mapper_that_no_process_of_ours_imports() -> None:
    one, two = (TARGETS[name] for name in NAMES)
    assert one.format == two.format
    assert (one.mapper.board, two.mapper.board) == ("5", "248")
    assert one.mapper.software.apart
    assert [each.name for each in one.simulators] == ["spinnaker_arm"]
    assert two.simulators == ()
