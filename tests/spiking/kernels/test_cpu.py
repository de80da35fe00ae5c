"""The compiled recurrence has the values and the gradients of its definition."""

import itertools

import pytest
import torch
from torch import Tensor

from spiking import SubLSTM
from spiking.activation import ACTIVATIONS
from spiking.kernels import Weights, core, cpu, run_rate
from spiking.kernels.reference import run_rate as reference

pytestmark = pytest.mark.skipif(core().library is None, reason=f"no core: {core().detail}")

SHAPES = [(h, b, t) for h, b in itertools.product((1, 3, 50, 130), (1, 5, 13)) for t in (1, 7)]
SHAPES += [(650, 1, 3), (650, 20, 3)]


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def made(hidden: int, batch: int, steps: int, *, inputs: int = 3, gates: int = 4) -> list[Tensor]:
    """x, weight_ih, weight_hh, bias, h0, c0 (, forget): leaves with a gradient."""
    torch.manual_seed(hidden + batch + steps)
    rows = gates * hidden
    shapes = [(steps, batch, inputs), (rows, inputs), (rows, hidden), (rows,)]
    shapes += [(batch, hidden)] * 2
    leaves = [0.5 * torch.randn(shape) for shape in shapes]
    if gates == 3:
        leaves.append(torch.rand(hidden))
    return [leaf.requires_grad_() for leaf in leaves]


def doubled(leaves: list[Tensor]) -> list[Tensor]:
    return [leaf.detach().double().requires_grad_() for leaf in leaves]


def ran(function, leaves: list[Tensor], **words):
    x, weight_ih, weight_hh, bias, h0, c0, *forget = leaves
    weights = Weights(weight_ih, weight_hh, bias, forget[0] if forget else None)
    gate, output = (ACTIVATIONS[words.pop(n, "sigmoid")] for n in ("gate", "cell"))
    return function(x, weights, h0, c0, gate=gate, output=output, **words)


def gradients(run, leaves: list[Tensor], *, last: bool = False) -> list[Tensor]:
    """Of a fixed random mixture of every h and every c, or of the last c alone."""
    generator = torch.Generator().manual_seed(1)
    mix_h = torch.randn(run.h.shape, generator=generator).to(run.h)
    mix_c = torch.randn(run.h.shape, generator=generator).to(run.h)
    cells = run.c[-1] * mix_c[-1] if last else run.c * mix_c
    return list(torch.autograd.grad((run.h * mix_h).sum() + cells.sum(), leaves))


def close(found: list[Tensor], wanted: list[Tensor], *, tolerance: float = 3e-5) -> None:
    for one, other in zip(found, wanted, strict=True):
        scale = max(1e-2, float(other.abs().max()))
        assert float((one - other).abs().max()) < tolerance * scale


@pytest.mark.parametrize("gates", [3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_gradients(shape, gates, threads) -> None:
    leaves = made(*shape, gates=gates)
    exact = doubled(leaves)
    run, wanted = ran(cpu.run, leaves, keep=cpu.ALL), ran(reference, exact)
    values = wanted.z, wanted.i, wanted.o, wanted.f
    close(
        [run.h.detach(), run.c.detach(), *run.gates.unbind(2)],
        [each.detach() for each in (wanted.h, wanted.c, *values[:gates])],
    )
    close(gradients(run, leaves), gradients(wanted, exact))


@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid", "plan"])
@pytest.mark.parametrize("cell", ["sigmoid", "hard_sigmoid", "plan", "tanh"])
@pytest.mark.parametrize("inputs", [1, 40])
def test_every_activation_and_wide_inputs(gate, cell, inputs) -> None:
    leaves = made(20, 4, 9, inputs=inputs)
    exact = doubled(leaves)
    words = {"gate": gate, "cell": cell}
    close(
        gradients(ran(cpu.run, leaves, keep=cpu.ALL, **words), leaves),
        gradients(ran(reference, exact, **words), exact),
    )


@pytest.mark.parametrize("gates", [3, 4])
@pytest.mark.parametrize("batch", [1, 64])
def test_recomputing_gives_the_same_gradients_from_less_memory(gates, batch, threads) -> None:
    leaves = made(40, batch, 150, gates=gates, inputs=2)
    kept, again = (ran(cpu.run, leaves, keep=keep) for keep in (cpu.ALL, cpu.BOUNDARIES))
    assert torch.equal(kept.h, again.h)
    assert torch.equal(kept.c[-1], again.c[-1])
    assert again.gates.numel() == 0
    assert len(again.c) < 150 / 3
    close(gradients(again, leaves, last=True), gradients(kept, leaves, last=True))


def test_inference_keeps_the_last_cell_only() -> None:
    leaves = [leaf.detach() for leaf in made(20, 4, 9)]
    last, whole = (ran(cpu.run, leaves, keep=keep) for keep in (cpu.LAST, cpu.ALL))
    assert torch.equal(last.h, whole.h)
    assert torch.equal(last.c, whole.c[-1:])


def test_layouts_of_memory_do_not_matter() -> None:
    leaves = [leaf.detach() for leaf in made(20, 4, 9)]
    turned = [leaf.transpose(0, -1).contiguous().transpose(0, -1) for leaf in leaves]
    assert not turned[0].is_contiguous()
    for one, other in zip(
        ran(cpu.run, leaves, keep=cpu.ALL), ran(cpu.run, turned, keep=cpu.ALL), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("keep", [cpu.LAST, cpu.ALL, cpu.BOUNDARIES])
def test_no_steps_and_no_samples(keep) -> None:
    for batch, steps in ((2, 0), (0, 5)):
        run = ran(cpu.run, [leaf.detach() for leaf in made(5, batch, steps)], keep=keep)
        assert run.h.shape == (steps, batch, 5)


def test_the_operators_keep_torchs_contract() -> None:
    x, weight_ih, weight_hh, bias, h0, c0, forget = made(6, 2, 4, gates=3)
    for keep in (cpu.ALL, cpu.BOUNDARIES):
        arguments = (x, weight_ih, weight_hh, bias, forget, h0, c0, 0, 1, keep)
        torch.library.opcheck(torch.ops.subspike.rate.default, arguments)


def test_one_function_chooses(monkeypatch) -> None:
    leaves = [leaf.detach() for leaf in made(20, 4, 9)]
    fast = ran(run_rate, leaves)
    monkeypatch.setattr("spiking.kernels.usable", lambda _: False)
    for one, other in zip(fast, ran(run_rate, leaves), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    double = ran(run_rate, [leaf.double() for leaf in leaves])
    assert double.h.dtype == torch.float64


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padded_batches_and_directions(bidirectional, monkeypatch) -> None:
    torch.manual_seed(0)
    rnn = SubLSTM(3, 20, 2, bidirectional=bidirectional, forget="fixed")
    x, lengths = torch.randn(9, 5, 3), torch.tensor([9, 1, 4, 0, 7])
    found = []
    for fast in (True, False):
        if not fast:
            monkeypatch.setattr("spiking.kernels.usable", lambda _: False)
        output, (h, c) = rnn(x, lengths=lengths)
        loss = output.square().sum() + (h * c).sum()
        found.append([output.detach(), h.detach(), *torch.autograd.grad(loss, rnn.parameters())])
    close(found[0], found[1])


def test_a_layer_in_training_recomputes_when_asked() -> None:
    found = []
    for recompute in (False, True):
        torch.manual_seed(0)
        rnn = SubLSTM(2, 30, 2, forget="fixed", recompute=recompute)
        x = torch.randn(200, 8, 2, generator=torch.Generator().manual_seed(1))
        rnn(x)[0].square().mean().backward()
        found.append([value.grad for value in rnn.parameters()])
    close(found[1], found[0])
