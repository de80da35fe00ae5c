"""Integers stay; other numbers are scaled neuron by neuron, thresholds and biases with them."""

import numpy as np

from hardware import TARGETS, place
from tests.hardware.chips import DT, chain, cuba

TARGET = TARGETS["xylo-audio3"]


def test_integers_are_kept_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    w_in, w_rec = rng.integers(-127, 128, (4, 2)), rng.integers(-127, 128, (4, 4))
    placed = place(chain(w_in=w_in, w_rec=w_rec), TARGET, dt=DT)
    assert placed.notes == ()
    assert np.array_equal(placed.arrays["input.weight"], w_in)
    assert np.array_equal(placed.arrays["recurrent.weight"], w_rec)
    assert placed.arrays["hidden.threshold"].tolist() == [100] * 4
    assert placed.arrays["hidden.dash_syn"].tolist() == [1] * 4
    assert placed.arrays["hidden.dash_mem"].tolist() == [0] * 4


def test_an_outlier_silences_no_other_neuron_and_thresholds_follow() -> None:
    w_in = np.array([[0.5, -0.25], [500.0, 1.0], [0.1, 0.2], [0.0, 0.3]])
    neurons = cuba(4, v_threshold=np.ones(4), v_leak=np.full(4, 0.5))
    placed = place(chain(w_in=w_in, w_rec=np.zeros((4, 4)), neurons=neurons), TARGET, dt=DT)
    a = placed.arrays
    assert a["input.weight"].tolist() == [[127, -64], [127, 0], [64, 127], [0, 127]]
    assert a["hidden.threshold"].tolist() == [254, 1, 635, 423]
    assert a["hidden.bias"].tolist() == [127, 0, 318, 212]
    assert "largest error" in placed.notes[0]


def test_the_readout_has_its_own_scale() -> None:
    w_out = np.full((3, 4), 0.001)
    placed = place(chain(w_out=w_out, w_in=np.full((4, 2), 2.0)), TARGET, dt=DT)
    assert np.array_equal(placed.arrays["input.weight"], np.full((4, 2), 2))
    assert int(placed.arrays["readout.weight"].max()) <= 127
    assert int(placed.arrays["readout.threshold"].max()) <= 32767
