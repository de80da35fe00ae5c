"""Every code, one suite: spikes equal the twin, whole equals streaming, seeds and gradients."""

import pytest
import torch

from spiking import SpikingNetwork, SpikingSubLSTM
from spiking.codes import Adaptive, Compound, Population
from spiking.errors import ConfigError, ShapeError
from tests.spiking.coded_nets import CODES, FORGETS, coded_net, inputs


@pytest.fixture(autouse=True)
def _stepping(monkeypatch):
    """The definition, not the core; that one is compared with it in test_compiled.py."""
    monkeypatch.setattr("spiking.coded.can_compile", lambda *_, **__: False)


EVERY = pytest.mark.parametrize("code", CODES.values(), ids=CODES)
EVERY_FORGET = pytest.mark.parametrize("forget", FORGETS.values(), ids=FORGETS)


def forget_for(code, forget):
    """The gate of an adaptive model is a constant."""
    if isinstance(code, Adaptive) and forget is not None:
        pytest.skip("an adaptive gate exceeds 1")
    return forget


@EVERY
@EVERY_FORGET
@pytest.mark.parametrize("layers", [1, 2])
@torch.no_grad()
def test_the_spikes_equal_the_twin_bit_for_bit(code, forget, layers) -> None:
    net = coded_net(code, forget=forget_for(code, forget), layers=layers, seed=layers)
    x = inputs(steps=14)
    spiking, twin = net.run(x, record=True), net.run(x, record=True, spell=False)
    assert torch.equal(spiking.output, twin.output)
    assert torch.equal(spiking.logits, twin.logits)
    assert spiking.cells.keys() == twin.cells.keys()
    for name, cells in spiking.cells.items():
        assert torch.equal(cells, twin.cells[name]), name
    assert spiking.counts.keys() == twin.counts.keys()
    for name, count in spiking.counts.items():
        assert torch.equal(count, twin.counts[name]), name
        if name in spiking.spikes:
            assert torch.equal((spiking.spikes[name] != 0).sum((1, 3)), count), name
    assert any(int(count.sum()) for count in spiking.counts.values())
    assert float(spiking.output.std()) > 0.02


@EVERY
@torch.no_grad()
def test_the_spikes_add_up_to_the_output(code) -> None:
    net = coded_net(code)
    run = net.run(inputs(), record=True)
    heard = sum(run.spikes[f"l0.{name}"].sum(-1) for name in code.outward)
    heard = heard.cumsum(1) if code.persistent else heard
    assert torch.equal(heard / code.levels, run.output)


@EVERY
@EVERY_FORGET
@torch.no_grad()
def test_streaming_equals_the_whole(code, forget) -> None:
    net = coded_net(code, forget=forget_for(code, forget), layers=2)
    x = inputs(steps=8)
    whole, state, parts = net.run(x, record=True), None, []
    for piece in x.split(3, dim=1):
        part = net.run(piece, state=state, record=True)
        state = part.state
        parts.append(part)
    assert torch.equal(torch.cat([part.output for part in parts], 1), whole.output)
    for name, count in whole.counts.items():
        assert torch.equal(sum(part.counts[name] for part in parts), count)


@EVERY
@torch.no_grad()
def test_it_repeats_itself_and_samples_do_not_touch(code) -> None:
    net, x = coded_net(code), inputs()
    one, two = net.run(x), net.run(x)
    assert torch.equal(one.output, two.output)
    alone = net.run(x[2:3])
    assert torch.equal(alone.output, one.output[2:3])
    lengths = torch.tensor([9, 4, 0, 9, 1])
    short = net.run(x, lengths=lengths)
    for name, count in net.run(x[1:2, :4]).counts.items():
        assert torch.equal(short.counts[name][1:2], count)
    for count in short.counts.values():
        assert int(count[2].sum()) == 0
    assert torch.equal(net(x, lengths)[1], net.run(x[1:2, :4]).logits[0, -1])


@EVERY
@EVERY_FORGET
def test_every_parameter_learns(code, forget) -> None:
    net = coded_net(code, forget=forget_for(code, forget), layers=2)
    net(inputs(steps=12)).square().sum().backward()
    for name, value in net.named_parameters():
        assert value.grad is not None, name
        assert torch.isfinite(value.grad).all(), name
        assert float(value.grad.abs().max()) > 0, name


@pytest.mark.parametrize("two_sided", [True, False])
@torch.no_grad()
def test_population_equals_the_network_that_is_exported(two_sided) -> None:
    code = Population(6, two_sided=two_sided)
    coded = coded_net(code, layers=2, hidden=9)
    layers = [
        SpikingSubLSTM(
            each.weight_ih,
            each.weight_hh,
            each.bias,
            each.forget,
            code=code,
            below=None if index == 0 else code.levels,
            grid=each.grid,
        )
        for index, each in enumerate(coded.stack)
    ]
    exported = SpikingNetwork(layers, coded.readout)
    x = inputs(steps=20)
    one, two = coded.run(x, record=True), exported.run(x, record=True)
    assert torch.equal(one.output, two.output)
    assert torch.equal(one.logits, two.logits)
    for name, spikes in two.spikes.items():
        assert torch.equal(one.spikes[name] != 0, spikes), name
        assert torch.equal(one.counts[name], two.counts[name]), name


def test_misfits_are_named() -> None:
    net = coded_net(Compound(4))
    with pytest.raises(ShapeError, match="expected"):
        net.run(torch.zeros(2, 3, 9))
    with pytest.raises(ShapeError, match="batch 2"):
        net.run(inputs(batch=5), state=net.run(inputs(batch=2)).state)
    with pytest.raises(ConfigError, match="at least one layer"):
        type(net)([], None)
    with pytest.raises(ConfigError, match="differ"):
        type(net)([net.stack[0], coded_net(Compound(5), inputs=7).stack[0]], None)
