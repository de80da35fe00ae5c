"""The Xylo core ties rules, quantiser and simulators together."""

import numpy as np

from hardware import TARGETS, place, simulate
from tests.hardware.chips import DT, chain


def test_a_spike_takes_a_step_to_the_readout() -> None:
    w_in = np.full((4, 2), 100.0)
    placed = place(chain(w_in=w_in, recurrent=False), TARGETS["xylo-imu"], dt=DT)
    inputs = np.zeros((1, 4, 2), np.int64)
    inputs[0, 0, 0] = 2
    run = simulate(placed, inputs)
    # I = 200 / 2 = 100 reaches the threshold of 100 at once, and halves from step to step
    assert run.spikes["n2_hidden"][0, :, 0].tolist() == [1, 0, 0, 0]
    assert run.currents[0, :, 0].tolist() == [0, 2, 1, 0]
    assert run.synops.tolist() == [2 * 4 + 4 * 3]
