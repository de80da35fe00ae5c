"""SpiNNaker's format in the emulator, beside the C code's own steps one neuron at a time."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.loihi_golden import network_digest, recorded
from benchmarks.spinnaker_golden import FILE, SEEDS
from hardware import TARGETS, emulate
from tests.hardware.spinnaker.nets import random_network, slowly

NAMES = ("spinnaker1", "spinnaker2")
ROOT = Path(__file__).parents[3]


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


@pytest.mark.parametrize("seed", SEEDS)
def test_the_emulator_does_what_the_machine_code_did(seed) -> None:
    """Recorded by `python -m benchmarks.spinnaker_golden`: all spikes, and a digest of states."""
    network, inputs = random_network(seed)
    firing = [group.name for group in network.groups if group.spikes]
    with np.load(ROOT / FILE) as stored:
        kept = {kind: stored[f"{seed}.{kind}"] for kind in ("network", "spikes", "states")}
    same = np.array_equal(network_digest(network, inputs), kept["network"])
    assert same, "numpy draws other networks than when this was recorded: record it anew"
    ours = recorded(emulate(network, inputs, watched=firing), firing)
    for kind, each in ours.items():
        assert np.array_equal(each, kept[kind]), kind


def test_both_boards_have_the_same_neurons_and_a_mapper_that_no_process_of_ours_imports() -> None:
    one, two = (TARGETS[name] for name in NAMES)
    assert one.format == two.format
    assert (one.mapper.board, two.mapper.board) == ("5", "248")
    assert one.mapper.software.apart
    assert [each.name for each in one.simulators] == ["spinnaker_arm"]
    assert two.simulators == ()
