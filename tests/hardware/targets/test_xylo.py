"""The numbers of the Xylo chips, as the vendor's overview prints them."""

import pytest
import torch

from converter import multispike_to_nir, to_multispike
from hardware import TARGETS, check, emulate
from hardware.targets.xylo import cycles
from spiking import SubLSTM, SubLSTMClassifier
from tests.hardware.chips import DT, configured, random_network

AUDIO_2 = TARGETS["xylo-audio2"]


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


def test_the_cycles_of_a_tick_are_the_vendors_formula() -> None:
    network, x = random_network(3)
    run = emulate(network, x)
    w_in, w_rec, w_out = (each.weight for each in network.synapses)
    total = 0.0
    samples, ticks, _ = x.shape
    raster = run.spikes["n2_hidden"] > 0
    for sample in range(samples):
        for tick in range(ticks):
            fired = raster[sample, tick]
            total += 3.5 * (x[sample, tick] > 0).sum() * (w_in != 0).any(1).sum() + x.shape[2]
            total += fired.sum() * (7 * (w_rec != 0).sum(0).mean() + 3) + len(w_in) * (3 + 19)
            share = fired.sum() / len(fired) * (w_out != 0).any(0).sum()
            total += share * (1 + 8 * len(w_out)) + 12 * len(w_out)
    assert cycles(network, run) == pytest.approx(total / samples / ticks, rel=1e-9)


def test_latency_is_cycles_at_the_devices_clock() -> None:
    network, x = random_network(3)
    run = emulate(network, x)
    found = TARGETS["xylo-audio3"].seconds(configured(network), run)
    assert found.value == pytest.approx(cycles(network, run) * 20 / 50e6)
    assert found.kind == "estimate"
    energy = TARGETS["xylo-audio3"].energy[0](configured(network), run)
    assert (energy.value, energy.kind) == (None, "unavailable")


def test_a_network_pruned_to_the_fan_out_fits_where_the_dense_one_does_not() -> None:
    torch.manual_seed(0)
    rate = SubLSTMClassifier(
        SubLSTM(4, 40, batch_first=True, forget="fixed"), torch.nn.Linear(40, 8)
    )
    dense, pruned = (
        check(multispike_to_nir(to_multispike(rate, fan_out=n).network, dt=DT), AUDIO_2, dt=DT)
        for n in (None, AUDIO_2.limits.fan_out)
    )
    assert [f.rule for f in dense] == ["fan_out_fits"]
    assert 64 < int(dense[0].have) <= 120
    assert pruned == ()
