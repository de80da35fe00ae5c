"""Integers stay; other numbers are scaled neuron by neuron, thresholds and biases with them."""

import numpy as np

from hardware import TARGETS, quantize
from tests.hardware.chips import DT, chain, cuba

TARGET = TARGETS["xylo-audio3"]


def test_integers_are_kept_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    w_in, w_rec = rng.integers(-127, 128, (4, 2)), rng.integers(-127, 128, (4, 4))
    placed = quantize(chain(w_in=w_in, w_rec=w_rec), TARGET, dt=DT)
    assert placed.notes == ()
    assert np.array_equal(placed.synapses[0].weight, w_in)
    assert np.array_equal(placed.synapses[1].weight, w_rec)
    assert placed.groups[0].threshold.tolist() == [100] * 4
    assert placed.groups[0].current_decay.tolist() == [1] * 4
    assert placed.groups[0].potential_decay.tolist() == [0] * 4


def test_an_outlier_silences_no_other_neuron_and_thresholds_follow() -> None:
    w_in = np.array([[0.5, -0.25], [500.0, 1.0], [0.1, 0.2], [0.0, 0.3]])
    neurons = cuba(4, v_threshold=np.ones(4), v_leak=np.full(4, 0.5))
    placed = quantize(chain(w_in=w_in, w_rec=np.zeros((4, 4)), neurons=neurons), TARGET, dt=DT)
    hidden = placed.groups[0]
    assert placed.synapses[0].weight.tolist() == [[127, -64], [127, 0], [64, 127], [0, 127]]
    assert hidden.threshold.tolist() == [254, 1, 635, 423]
    assert hidden.bias.tolist() == [127, 0, 318, 212]
    assert "largest error" in placed.notes[0]


def test_the_readout_has_its_own_scale() -> None:
    w_out = np.full((3, 4), 0.001)
    placed = quantize(chain(w_out=w_out, w_in=np.full((4, 2), 2.0)), TARGET, dt=DT)
    assert np.array_equal(placed.synapses[0].weight, np.full((4, 2), 2))
    assert int(placed.synapses[2].weight.max()) <= 127
    assert int(placed.groups[1].threshold.max()) <= 32767
