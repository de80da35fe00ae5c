"""Spikes on a GPU equal those of the core, their gradients the twin's; and who asks for Triton."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from spiking import Population, SubLSTM, SubLSTMClassifier, kernels, twin_trace
from tests.spiking.kernels.triton_here import DEVICE, need_triton
from tests.spiking.random_nets import random_inputs, random_network

need_triton()

from spiking.kernels import gpu  # noqa: E402  only where Triton is


@pytest.fixture(params=["near", "wide"])
def way(request, monkeypatch):
    """The same small networks by both kernels."""
    if request.param == "wide":
        monkeypatch.setattr(gpu, "_NEAR", 0)
        monkeypatch.setattr(gpu, "_TILE", 16)


def equal(net, x) -> None:
    with torch.no_grad():
        run = net.run(x)
        layer, state = net.stack[0], net.initial_state(len(x))[0]
        numbers = [n.to(DEVICE) if isinstance(n, torch.Tensor) else n for n in layer.numbers()]
        given = net.encode(x).transpose(0, 1).to(DEVICE)
        done = gpu.run_spikes(
            given, type(layer.numbers())(*numbers), *(v.to(DEVICE) for v in state[::-1])
        )
    assert torch.equal(done.counts.cpu().transpose(0, 1) / net.code.levels, run.output)
    assert torch.equal(done.cell.cpu(), run.state[0].cell)


@pytest.mark.parametrize("seed", range(6))
def test_spikes_are_equal(seed, way) -> None:
    net = random_network(seed, levels=(4, 8)[seed % 2], two_sided=seed % 3 != 2)
    equal(net, random_inputs(seed, batch=1 + 5 * seed))


def test_spikes_of_a_wide_layer_are_equal() -> None:
    from converter import convert, quantize

    torch.manual_seed(0)
    rnn = SubLSTM(3, 200, batch_first=True, forget="fixed")
    rate = SubLSTMClassifier(rnn, torch.nn.Linear(200, 4))
    net = quantize(convert(rate, code=Population(4)).network, input_max=4.0)
    equal(net, random_inputs(0, batch=3, steps=4))


@pytest.mark.parametrize("seed", range(4))
def test_the_twin_learns_there_as_in_the_core(seed, way, monkeypatch) -> None:
    net = random_network(seed, layers=1 + seed % 2, levels=(4, 8)[seed % 2])
    found = []
    for wanted in (False, True):
        monkeypatch.setattr(kernels, "triton_wanted", lambda *_, wanted=wanted, **__: wanted)
        moved, x = net.to(DEVICE if wanted else "cpu"), random_inputs(seed, batch=5)
        x = x.to(DEVICE if wanted else "cpu").requires_grad_()
        trace = twin_trace(moved, x, gates=False)
        loss = trace["logits"].square().mean() + trace["l0.h"].sin().sum()
        grads = torch.autograd.grad(loss, [x, *moved.parameters()])
        found.append([trace["l0.h"].detach().cpu(), *(grad.cpu() for grad in grads)])
    assert torch.equal(found[0][0], found[1][0])
    for one, other in zip(found[0][1:], found[1][1:], strict=True):
        assert one.dtype == other.dtype
        scale = max(1e-3, float(one.abs().max()))
        assert float((one - other).abs().max()) < 1e-4 * scale


@pytest.mark.parametrize("asked", ["triton", "triton-bf16"])
def test_only_those_who_ask_get_it(asked, monkeypatch) -> None:
    class OnGPU:
        is_cuda, dtype = True, torch.float32

    assert not kernels.triton_wanted(OnGPU(), hidden=100)
    monkeypatch.setenv("SUBSPIKE_KERNELS", asked)
    assert kernels.triton_wanted(OnGPU(), hidden=512)
    assert not kernels.triton_wanted(OnGPU(), hidden=5000)
    assert not kernels.triton_wanted(torch.zeros(1), hidden=100)


def test_a_compiler_takes_them_and_they_fit() -> None:
    """An interpreter takes more than a GPU does: names that kernels may not see, memory."""
    script = Path(__file__).with_name("compile_for_gpu.py")
    words = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    words["PYTHONPATH"] = os.pathsep.join(map(str, [Path.cwd(), *filter(None, sys.path)]))
    done = subprocess.run(
        [sys.executable, script], env=words, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = dict(line.split(": ") for line in done.stdout.splitlines())
    assert len(found) == 6
    for name, numbers in found.items():
        shared, fused = map(int, numbers.split())
        assert shared <= 227 * 1024, name
        assert not (name.endswith("fire") and fused), "a cell's product and sum are rounded apart"
