"""XyloSim through its worker: what a spike does there, by hand."""

import numpy as np
import pytest

from hardware import TARGETS, deploy, simulate
from tests.hardware.chips import DT, chain

pytest.importorskip("xylosim", reason="xylosim is not installed: pip install 'subspike[xylo]'")


def test_a_spike_takes_a_step_to_the_readout() -> None:
    w_in = np.full((4, 2), 100.0)
    whole = deploy(chain(w_in=w_in, recurrent=False), TARGETS["xylo-imu"], dt=DT)
    inputs = np.zeros((1, 4, 2), np.int64)
    inputs[0, 0, 0] = 2
    run = simulate(whole, inputs)
    # I = 200 / 2 = 100 reaches the threshold of 100 at once, and halves from step to step
    assert run.spikes["n2_hidden"][0, :, 0].tolist() == [1, 0, 0, 0]
    assert run.trace.currents["n5_readout"][0, :, 0].tolist() == [0, 2, 1, 0]
    assert run.synops.tolist() == [2 * 4 + 4 * 3]


def test_only_watched_groups_tell_their_states() -> None:
    whole = deploy(chain(), TARGETS["xylo-imu"], dt=DT)
    inputs = np.ones((2, 3, 2), np.int64)
    assert set(simulate(whole, inputs).trace.potentials) == {"n5_readout"}
    watched = simulate(whole, inputs, watched=["n2_hidden"]).trace
    assert watched.potentials["n2_hidden"].shape == watched.currents["n2_hidden"].shape == (2, 3, 4)
