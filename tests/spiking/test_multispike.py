"""The multi-spike network is the chip: bit for bit, and never saturating."""

import numpy as np
import pytest
import torch

from converter import multispike_to_nir, to_multispike
from hardware import TARGETS, deploy, emulate
from spiking import MultiSpike, MultiSpikeNetwork
from spiking.errors import ConfigError, NotFiniteError, ShapeError
from spiking.multispike import decay, multi_fire
from tests.spiking.random_nets import random_rate

DT = 1e-3


def inputs(seed: int) -> torch.Tensor:
    return torch.rand(4, 7, 3, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(8))
def test_the_emulator_runs_the_same_integers_and_clamps_nothing(seed) -> None:
    code = MultiSpike(hold=1 + seed % 3, input_levels=(15, 9, 4)[seed % 3])
    net = to_multispike(random_rate(seed), code=code).network
    placed = deploy(multispike_to_nir(net, dt=DT), TARGETS["xylo-audio3"], dt=DT).network
    assert placed.notes == ()
    run = emulate(placed, net.encode(inputs(seed)).numpy())
    with torch.no_grad():
        trace = net.trace(inputs(seed))
    assert np.array_equal(trace["n2_hidden"].numpy(), run.spikes["n2_hidden"])
    assert np.array_equal(trace["n5_readout"].numpy(), run.outputs)
    assert trace["n2_hidden"].max() > 1
    assert run.trace.overflows == 0


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_no_input_however_large_leaves_sixteen_bits(scale) -> None:
    rate = random_rate(1)
    with torch.no_grad():
        for value in rate.parameters():
            value.mul_(scale)
    net = to_multispike(rate).network
    placed = deploy(multispike_to_nir(net, dt=DT), TARGETS["xylo-audio3"], dt=DT).network
    full = np.full((2, 60, 3), 15)
    full[1, ::2] = 0
    assert emulate(placed, full).trace.overflows == 0


def test_a_decay_is_the_chips_shift() -> None:
    current = torch.tensor([0.0, 1.0, -1.0, 7.0, -7.0, 100.0, -100.0])
    found = decay(current, torch.tensor(3.0))
    wanted = [v - ((v >> 3) or (v > 0) - (v < 0)) for v in map(int, current.tolist())]
    assert found.tolist() == wanted


def test_firing_subtracts_as_often_as_the_threshold_fits() -> None:
    v = torch.tensor([-5.0, 9.0, 10.0, 25.0, 999.0])
    assert multi_fire(v, torch.tensor(10.0), levels=31).tolist() == [0.0, 0.0, 1.0, 2.0, 31.0]


def test_gradients_reach_every_parameter() -> None:
    net = to_multispike(random_rate(2)).network
    trace = net.twin(inputs(2))
    (trace["l0.h"].square().mean() + trace["logits"].square().mean()).backward()
    for name, value in net.named_parameters():
        assert value.grad is not None, name
        assert bool(value.grad.any()), name


def test_bad_input_is_named() -> None:
    net = to_multispike(random_rate(1)).network
    with pytest.raises(ConfigError, match="negative parts"):
        net(-torch.ones(1, 2, 3))
    with pytest.raises(NotFiniteError):
        net(torch.full((1, 2, 3), float("inf")))
    with pytest.raises(ShapeError):
        net(torch.ones(1, 2, 4))
    with pytest.raises(ConfigError, match="input_levels"):
        MultiSpike(input_levels=16)
    with pytest.raises(ConfigError, match="hold"):
        MultiSpike(hold=0)
    with pytest.raises(ShapeError, match="weight_hh"):
        MultiSpikeNetwork(
            net.weight_ih,
            net.weight_ih,
            net.bias,
            torch.full((5,), 0.9),
            readout_weight=net.readout_weight,
            readout_bias=net.readout_bias,
            code=net.code,
        )
