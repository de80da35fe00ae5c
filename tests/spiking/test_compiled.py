"""Every code in the C++ core is the definition, spike by spike; its gradients are the twin's."""

import pytest
import torch

from spiking import NetworkRun, twin_trace
from spiking.codes import Compound, Rate
from spiking.compiled import can_compile
from spiking.kernels import core
from tests.spiking.coded_nets import CODES, FORGETS, coded_net, inputs

pytestmark = pytest.mark.skipif(core().library is None, reason=f"no core: {core().detail}")

NAMES = [name for name in CODES if name != "adaptive"]
PAIRS = [(code, forget) for code in NAMES for forget in FORGETS]
# two sigmoids in float64 differ in their last bits, and so do the cells that add them up
SIGMOIDS = {(code, forget) for code, forget in PAIRS if "compound" in code or forget == "native"}
SIZES = [(1, 1), (3, 5), (7, 13), (50, 2), (50, 19)]


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@torch.no_grad()
def both(net, x, monkeypatch, **words) -> tuple[NetworkRun, NetworkRun]:
    """The run in the core, and the one that steps in torch."""
    assert net.compiled(x, record=words.get("record", False))
    fast = net.run(x, **words)
    with monkeypatch.context() as patch:
        patch.setattr("spiking.coded.can_compile", lambda *_, **__: False)
        return fast, net.run(x, **words)


def equal(mine, theirs, name, *, exact) -> None:
    assert mine.dtype == theirs.dtype, name
    if exact:
        assert torch.equal(mine, theirs), name
    else:
        torch.testing.assert_close(mine, theirs, rtol=0.0, atol=1e-11)


def same(one: NetworkRun, other: NetworkRun, *, exact: bool) -> None:
    """Spikes and all that follows from them; `exact` asks the same of cells."""
    assert torch.equal(one.output, other.output)
    assert torch.equal(one.logits, other.logits)
    for mine, theirs in zip(one.state, other.state, strict=True):
        equal(mine.cell, theirs.cell, "cell", exact=exact)
        assert mine.memory.keys() == theirs.memory.keys()
        pairs = {name: (mine.memory[name], each) for name, each in theirs.memory.items()}
        pairs |= {n: (getattr(mine, n), getattr(theirs, n)) for n in ("counts", "heard", "below")}
        for name, (found, wanted) in pairs.items():
            equal(found, wanted, name, exact=True)
    for field in ("counts", "spikes", "cells"):
        mine, theirs = getattr(one, field), getattr(other, field)
        assert mine.keys() == theirs.keys()
        for name, value in theirs.items():
            equal(mine[name], value, name, exact=exact or not name.endswith(".c"))


@pytest.mark.parametrize(("code", "forget"), PAIRS)
def test_the_core_is_the_definition(code, forget, monkeypatch) -> None:
    seed = PAIRS.index((code, forget))
    hidden, batch = SIZES[seed % len(SIZES)]
    net = coded_net(
        CODES[code], forget=FORGETS[forget], layers=1 + seed % 2, hidden=hidden, seed=seed
    )
    x = inputs(batch=batch, steps=17, seed=seed)
    lengths = torch.arange(batch) % 18 if seed % 3 else None
    record = forget in ("constant", "native")
    found = both(net, x, monkeypatch, lengths=lengths, record=record)
    same(*found, exact=(code, forget) not in SIGMOIDS)


@pytest.mark.parametrize("code", NAMES)
@pytest.mark.parametrize("batch", [1, 20])
def test_wide_and_busy_or_alone(code, batch, threads, monkeypatch) -> None:
    net = coded_net(CODES[code], forget=FORGETS["native"], hidden=70, gain=4.0)
    found = both(net, inputs(batch=batch, steps=12), monkeypatch)
    same(*found, exact=False)


@pytest.mark.parametrize(
    "code", ["population", "rate, pairs", "rate, hard reset", "compound, delta"]
)
@pytest.mark.parametrize("forget", FORGETS)
def test_without_a_sigmoid_every_bit_is_the_same(code, forget, monkeypatch) -> None:
    if forget == "shunt":
        pytest.skip("shunting spikes form a sigmoid")
    net = coded_net(CODES[code], forget=FORGETS[forget], layers=2, activation="hard_sigmoid")
    same(*both(net, inputs(batch=9, steps=20), monkeypatch), exact=True)


@pytest.mark.parametrize("code", NAMES)
def test_a_state_goes_on_from_either(code, monkeypatch) -> None:
    net, x = coded_net(CODES[code], forget=FORGETS["native"], layers=2), inputs(steps=11)
    with torch.no_grad():
        whole, middle = both(net, x, monkeypatch)[0], both(net, x[:, :4], monkeypatch)
        twin = net.run(x[:, :4], spell=False)
        for first in (*middle, twin):
            second = net.run(x[:, 4:], state=first.state)
            assert torch.equal(torch.cat([first.output, second.output], 1), whole.output)


@pytest.mark.parametrize(("code", "forget"), PAIRS)
def test_gradients_of_the_twin(code, forget, monkeypatch) -> None:
    net = coded_net(CODES[code], forget=FORGETS[forget], layers=2, hidden=11)
    found = []
    for fast in (True, False):
        if not fast:
            monkeypatch.setattr("spiking.twin.can_compile", lambda *_, **__: False)
        x = inputs(steps=15).requires_grad_()
        trace = twin_trace(net, x)
        loss = trace["logits"].square().mean() + trace["l0.h"].sin().sum()
        found.append((trace, torch.autograd.grad(loss, [x, *net.parameters()])))
    (fast, mine), (slow, theirs) = found
    for name, value in slow.items():
        if name.endswith(".c"):
            torch.testing.assert_close(fast[name].double(), value)
        else:
            assert torch.equal(fast[name], value), name
    for one, other in zip(mine, theirs, strict=True):
        assert one.dtype == other.dtype
        scale = max(1e-3, float(other.abs().max()))
        assert float((one - other).abs().max()) < 1e-4 * scale


def test_what_does_not_go_through_the_core() -> None:
    x = inputs()
    learning = coded_net(Rate(4))
    assert not learning.compiled(x)
    with torch.no_grad():
        assert learning.compiled(x)
        assert not learning.double().compiled(x.double())
        assert not coded_net(CODES["adaptive"]).compiled(x)
        shunting = coded_net(Compound(8), forget=FORGETS["shunt"])
        assert shunting.compiled(x)
        assert not shunting.compiled(x, record=True)
        assert not can_compile([*coded_net(CODES["adaptive"]).stack, *learning.stack], x)
