"""Races of the spiking networks."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from benchmarks.peers import installed
from benchmarks.timing import Row, learn, products, race
from converter import (
    CONSUMERS,
    convert,
    multispike_to_nir,
    quantize,
    to_multispike,
    to_nir,
)
from hardware import TARGETS, deploy, emulate, simulate
from spiking import Population, SpikingNetwork, SubLSTM, SubLSTMClassifier, twin_trace
from spiking.errors import MissingSoftwareError


def lively(hidden: int, *, levels: int = 8, bias: float = 1.0) -> SpikingNetwork:
    """A spiking network whose units fire: random weights, biases of this spread."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rnn = SubLSTM(1, hidden, batch_first=True, forget="fixed", t_max=30)
        with torch.no_grad():
            rnn.get("bias_ih", "l0").normal_(0.0, bias)
        rate_model = SubLSTMClassifier(rnn, nn.Linear(hidden, 10))
    return quantize(convert(rate_model, code=Population(levels)).network)


def work_of(hidden: int, batch: int, steps: int, *, learning: bool) -> float:
    """GFLOP of a layer with a constant forget and one input."""
    size = {"steps": steps, "batch": batch, "hidden": hidden, "rows": 3 * hidden, "inputs": 1}
    return products(**size, learning=learning)


def spiking_forward(rounds: int, quick: bool) -> Iterator[Row]:
    """A population-coded layer against recurrent LIF layers of as many units.

    Not like for like: a unit here is four populations of 8 neurons with three recurrent weights to
    every other unit, there it is one neuron with one.
    """
    steps = 100 if quick else 784
    goals = {(128, 1): 1 / 50, (128, 64): 1 / 15, (512, 1): 1 / 50, (512, 64): 1 / 10}
    for (hidden, batch), goal in goals.items():
        net, x = lively(hidden), torch.rand(steps, batch, 1)
        peers = {name: make(hidden)[1] for name, make in installed().items()}
        own = x.transpose(0, 1).contiguous()
        with torch.no_grad():
            active = float((net.run(own[:, :50]).output != 0).double().mean())
            yield race(
                f"spiking H={hidden} B={batch} T={steps} ({active:.0%} of units active a step) "
                "against one recurrent LIF neuron a unit, forward",
                lambda net=net, own=own: net.run(own),
                {name: lambda run=run, x=x: run(x) for name, run in peers.items()},
                rounds=2 if batch * hidden > 10_000 else rounds,
                goal=goal,
                gflop=work_of(hidden, batch, steps, learning=False),
            )


def imported(net: SpikingNetwork) -> dict[str, nn.Module]:
    """The network as the libraries that read our NIR files hold it."""
    found, graph = {}, to_nir(net)
    for name, read in CONSUMERS.items():
        try:
            found[name] = read(graph)
        except ImportError:
            continue
    return found


def same_network(rounds: int, quick: bool) -> Iterator[Row]:
    """The same spiking network, read from our NIR file by the libraries that can.

    Spikes are equal in all of them (tests/converter/test_consumers.py). The library's surrogate
    gradient stands against our straight-through one.
    """
    goals = {
        (128, 1, 20): (1 / 50, 1 / 50),
        (128, 64, 20): (1 / 15, 1 / 5),
        (512, 1, 5): (1 / 50, None),
        (512, 64, 2): (1 / 10, 1 / 3),
    }
    for (hidden, batch, steps), (forward, learning) in goals.items():
        if quick and hidden > 128:
            continue
        net, x = lively(hidden), torch.rand(batch, steps, 1)
        peers, encoded = imported(net), net.encode(x)
        name = f"the same network H={hidden} B={batch} T={steps}"
        with torch.no_grad():
            yield race(
                f"{name}, forward",
                lambda net=net, x=x: net.run(x),
                {n: lambda m=m, e=encoded: stepped(m, e) for n, m in peers.items()},
                rounds=min(rounds, 3),
                goal=forward,
                gflop=work_of(hidden, batch, steps, learning=False),
            )
        if hidden == 128 or batch > 1:
            yield race(
                f"{name}, forward and backward",
                lambda net=net, x=x: learn(net, lambda: twin_trace(net, x, gates=False)["logits"]),
                {
                    n: lambda m=m, e=encoded: learn(m, lambda: stepped(m, e))
                    for n, m in peers.items()
                },
                rounds=min(rounds, 2),
                goal=learning,
                gflop=work_of(hidden, batch, steps, learning=True),
            )


def stepped(module: nn.Module, x: Tensor) -> Tensor:
    """Outputs of an imported graph over time, from silence."""
    for part in module.modules():
        if hasattr(part, "reset_mem"):  # snnTorch keeps the state of the last sequence
            part.reset_mem()
    state, outputs = None, []
    for x_t in x.unbind(1):
        value, state = module(x_t) if state is None else module(x_t, state)
        outputs.append(value)
    return torch.stack(outputs)


def spiking_learning(rounds: int, quick: bool) -> Iterator[Row]:
    """Tuning a spiking layer against surrogate training of recurrent LIF layers.

    Not like for like, as above.
    """
    steps = 50 if quick else 784
    for (hidden, batch), goal in {(128, 64): 1 / 5, (512, 64): 1 / 3, (128, 1): 1 / 50}.items():
        net, x = lively(hidden), torch.rand(steps, batch, 1)
        own = x.transpose(0, 1).contiguous()
        # the backward of the others grows with the square of time, which would take minutes
        names = ("snnTorch", "Norse")
        peers = {name: make(hidden) for name, make in installed().items() if name in names}
        yield race(
            f"spiking H={hidden} B={batch} T={steps}, forward and backward",
            lambda net=net, own=own: learn(net, lambda: twin_trace(net, own, gates=False)["l0.h"]),
            {
                name: lambda module=module, run=run, x=x: learn(module, lambda: run(x))
                for name, (module, run) in peers.items()
            },
            rounds=2 if batch * hidden > 10_000 else rounds,
            goal=goal,
            gflop=work_of(hidden, batch, steps, learning=True),
        )


def chip(rounds: int, quick: bool) -> Iterator[Row]:
    """The multi-spike network for Xylo, 8-bit weights and 32-bit sums, against XyloSim.

    The same integers in each; spikes are equal (tests/spiking/kernels/test_multi.py).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rnn = SubLSTM(8, 40, batch_first=True, forget="fixed", t_max=10)
        net = to_multispike(SubLSTMClassifier(rnn, nn.Linear(40, 10))).network
    placed = deploy(multispike_to_nir(net, dt=1e-3), TARGETS["xylo-audio3"], dt=1e-3)
    for batch in (1, 8) if quick else (1, 64):
        x = torch.rand(batch, 28, 8)
        counts = net.encode(x).numpy()
        try:
            simulate(placed, counts[:1])
        except MissingSoftwareError:
            return
        with torch.no_grad():
            yield race(
                f"multi-spike H=40 B={batch}, 28 inputs of 2 chip steps",
                lambda x=x: net.trace(x),
                {
                    "XyloSim": lambda c=counts: simulate(placed, c),
                    "our emulator in numpy": lambda c=counts: emulate(placed.network, c),
                },
                rounds=rounds,
            )


def whole_comparison(rounds: int, quick: bool) -> Iterator[Row]:
    """10,000 sequences of 784 steps, spiking, against an nn.LSTM of the same size."""
    images, net, lstm = 200 if quick else 10_000, lively(100), nn.LSTM(1, 100)
    x = torch.rand(images, 784, 1)

    def spikes() -> None:
        for part in x.split(250):
            net.run(part)

    def rates() -> None:
        for part in x.split(250):
            lstm(part.transpose(0, 1).contiguous())

    with torch.no_grad():
        yield race(
            f"{images} sequences of 784 steps, H=100, spiking",
            spikes,
            {"nn.LSTM": rates},
            rounds=min(rounds, 2),
            goal=1.0,
            gflop=work_of(100, images, 784, learning=False),
        )
