"""Our emulator is XyloSim: every spike, potential and current of 220 random networks."""

import importlib.util
import sys

import numpy as np
import pytest

from hardware import simulate
from spiking.errors import MissingSoftwareError
from tests.hardware.chips import random_placement

needs_vendor = pytest.mark.skipif(
    importlib.util.find_spec("xylosim") is None,
    reason="xylosim is not installed: pip install 'subspike[xylo]'",
)


@needs_vendor
@pytest.mark.parametrize("block", range(11))
def test_emulator_and_vendor_are_equal(block) -> None:
    saturated = 0
    for seed in range(20 * block, 20 * block + 20):
        placement, inputs = random_placement(seed)
        ours, theirs = simulate(placement, inputs), simulate(placement, inputs, vendor=True)
        for name, spikes in ours.spikes.items():
            assert np.array_equal(spikes, theirs.spikes[name]), (seed, name)
        assert np.array_equal(ours.outputs, theirs.outputs), seed
        assert np.array_equal(ours.currents, theirs.currents), seed
        assert np.array_equal(ours.synops, theirs.synops), seed
        saturated += ours.saturations > 0
    assert saturated >= 5


def test_without_the_simulator_the_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "xylosim.v2", None)
    with pytest.raises(MissingSoftwareError, match=r"subspike\[xylo\]"):
        simulate(*random_placement(0), vendor=True)
