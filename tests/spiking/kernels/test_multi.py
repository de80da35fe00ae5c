"""8-bit weights and 32-bit sums give the spikes of the chip, and of the network in torch."""

import numpy as np
import pytest
import torch

from converter import multispike_to_nir, to_multispike
from hardware import TARGETS, deploy, emulate
from spiking import MultiSpike
from spiking.kernels import core
from tests.spiking.random_nets import random_rate

pytestmark = pytest.mark.skipif(core().library is None, reason=f"no core: {core().detail}")


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("seed", range(12))
def test_the_core_the_network_and_the_chip_fire_alike(seed, threads, monkeypatch) -> None:
    code = MultiSpike(hold=1 + seed % 3, input_levels=(15, 9, 4)[seed % 3])
    net = to_multispike(random_rate(seed), code=code).network
    x = torch.rand(1 + 7 * (seed % 4), 9, 3, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        fast = net.trace(x)
        with monkeypatch.context() as patch:
            patch.setattr("spiking.kernels.usable", lambda _: False)
            slow = net.trace(x)
    for name, value in slow.items():
        assert fast[name].dtype == value.dtype
        assert torch.equal(fast[name], value), name
    whole = deploy(multispike_to_nir(net, dt=1e-3), TARGETS["xylo-audio3"], dt=1e-3)
    run = emulate(whole.network, net.encode(x).numpy())
    assert np.array_equal(run.spikes["n2_hidden"], fast["n2_hidden"].numpy())
    assert np.array_equal(run.outputs, fast["n5_readout"].numpy())
    assert fast["n2_hidden"].max() > 1


def test_a_wide_layer_too(monkeypatch) -> None:
    torch.manual_seed(0)
    from spiking import SubLSTM, SubLSTMClassifier

    rnn = SubLSTM(5, 150, batch_first=True, forget="fixed", t_max=10)
    net = to_multispike(SubLSTMClassifier(rnn, torch.nn.Linear(150, 11))).network
    x = torch.rand(6, 12, 5)
    with torch.no_grad():
        fast = net.trace(x)
        monkeypatch.setattr("spiking.kernels.usable", lambda _: False)
        slow = net.trace(x)
    for name, value in slow.items():
        assert torch.equal(fast[name], value), name


def test_learning_stays_in_torch() -> None:
    net = to_multispike(random_rate(1)).network
    net.trace(torch.rand(2, 4, 3))["n5_readout"].sum().backward()
    assert net.weight_ih.grad is not None
