"""Spikes from events are the spikes of the definition, bit for bit; gradients are the twin's."""

import pytest
import torch

from spiking import NetworkRun, SpikingNetwork, twin_trace
from spiking.kernels import core, rasters
from tests.spiking.random_nets import random_inputs, random_network

pytestmark = pytest.mark.skipif(core().library is None, reason=f"no core: {core().detail}")


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@torch.no_grad()
def both(net: SpikingNetwork, x, monkeypatch, **words) -> tuple[NetworkRun, NetworkRun]:
    """The run in the core, and the one that steps in torch."""
    fast = net.run(x, **words)
    with monkeypatch.context() as patch:
        patch.setattr("spiking.kernels.usable", lambda _: False)
        return fast, net.run(x, **words)


def same(one: NetworkRun, other: NetworkRun) -> None:
    assert torch.equal(one.output, other.output)
    if other.logits is not None:
        assert torch.equal(one.logits, other.logits)
    for mine, theirs in zip(one.state, other.state, strict=True):
        assert torch.equal(mine.cell, theirs.cell)
        assert torch.equal(mine.counts, theirs.counts)
    for field in ("counts", "spikes", "cells"):
        mine, theirs = getattr(one, field), getattr(other, field)
        assert mine.keys() == theirs.keys()
        for name, value in theirs.items():
            assert mine[name].dtype == value.dtype
            assert torch.equal(mine[name], value), name


@pytest.mark.parametrize("seed", range(30))
def test_events_are_the_definition(seed, threads, monkeypatch) -> None:
    net = random_network(
        seed,
        layers=1 + seed % 3,
        levels=(2, 4, 6, 8, 16)[seed % 5],
        two_sided=seed % 4 != 3,
        activation=("sigmoid", "hard_sigmoid")[seed % 2],
    )
    x = random_inputs(seed, batch=1 + seed % 19, steps=1 + seed % 13)
    lengths = torch.arange(len(x)) % (x.shape[1] + 1) if seed % 3 == 0 else None
    same(*both(net, x, monkeypatch, record=seed % 2 == 0, lengths=lengths))


@pytest.mark.parametrize("batch", [1, 40])
def test_a_wide_busy_layer_takes_the_dense_way_to_the_same_spikes(
    batch, threads, monkeypatch
) -> None:
    from converter import convert, quantize
    from spiking import Population, SubLSTM, SubLSTMClassifier

    torch.manual_seed(batch)
    rnn = SubLSTM(5, 150, batch_first=True, forget="fixed")
    with torch.no_grad():
        rnn.get("bias_ih", "l0").normal_()
    rate = SubLSTMClassifier(rnn, torch.nn.Linear(150, 4))
    net = quantize(convert(rate, code=Population(8)).network, input_max=4.0)
    x = torch.randn(batch, 12, 5)
    fast, slow = both(net, x, monkeypatch, record=True)
    same(fast, slow)
    assert float((fast.output != 0).double().mean()) > 0.5


def test_a_state_carries_on(monkeypatch) -> None:
    net, x = random_network(2, layers=2), random_inputs(2, steps=11)
    with torch.no_grad():
        whole = net.run(x)
        first = net.run(x[:, :4])
        second = net.run(x[:, 4:], state=first.state)
    assert torch.equal(whole.output, torch.cat([first.output, second.output], 1))
    assert torch.equal(whole.state[1].cell, second.state[1].cell)


def test_with_a_gradient_the_surrogate_steps_in_torch() -> None:
    net, x = random_network(1), random_inputs(1)
    net.run(x).logits.sum().backward()
    assert net.stack[0].weight_ih.grad is not None


@pytest.mark.parametrize("seed", range(12))
def test_gradients_of_the_twin(seed, threads, monkeypatch) -> None:
    net = random_network(
        seed,
        layers=1 + seed % 2,
        levels=(4, 6, 8)[seed % 3],
        two_sided=seed % 4 != 3,
        activation=("sigmoid", "hard_sigmoid")[seed // 6],
    )
    found = []
    for fast in (True, False):
        if not fast:
            monkeypatch.setattr("spiking.kernels.usable", lambda _: False)
        x = random_inputs(seed, batch=9).requires_grad_()
        trace = twin_trace(net, x)
        loss = trace["logits"].square().mean() + trace["l0.h"].sin().sum()
        grads = torch.autograd.grad(loss, [x, *net.parameters()])
        found.append((trace, grads))
    (fast, mine), (slow, theirs) = found
    for name, value in slow.items():
        assert torch.equal(fast[name], value.to(fast[name].dtype)), name
    for one, other in zip(mine, theirs, strict=True):
        assert one.dtype == other.dtype
        scale = max(1e-3, float(other.abs().max()))
        assert float((one - other).abs().max()) < 1e-4 * scale


def test_the_operator_keeps_torchs_contract() -> None:
    net, x = random_network(3), random_inputs(3)
    numbers = [value.detach() for value in net.stack[0].numbers()[:-1]]
    for value in numbers[:5]:
        value.requires_grad_()
    torch.library.opcheck(
        torch.ops.subspike.spikes.default,
        (net.encode(x).transpose(0, 1), *numbers, 0, True),
        test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
    )


@pytest.mark.parametrize("two_sided", [True, False])
def test_rasters_fire_from_rest_outwards(two_sided) -> None:
    signs = torch.tensor([-1.0, -1.0, 1.0, 1.0]) if two_sided else torch.ones(4)
    threshold = torch.tensor([-2.0, -1.0, 1.0, 2.0])
    value = torch.tensor([-3.0, -1.5, 0.0, 1.5, 3.0])
    fired = signs * (value.unsqueeze(-1) - threshold) > 0
    assert torch.equal(rasters((fired * signs).sum(-1), signs), fired)
