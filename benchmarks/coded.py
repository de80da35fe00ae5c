"""Races of networks in every spike code: the core against loops in torch. No peer has them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from benchmarks.timing import Row, learn, products, race
from converter import convert, quantize
from spiking import (
    CodedNetwork,
    Coincidence,
    Compound,
    Mixed,
    Native,
    Population,
    Rate,
    Shunt,
    SubLSTM,
    SubLSTMClassifier,
    twin_trace,
)

HIDDEN = 100
NETWORKS = {
    "compound, graded deltas": (Compound(8), None),
    "compound, signed digits": (Compound(16, message="bits"), None),
    "rate, opponent, T=4": (Rate(4), None),
    "rate, pairs, T=4": (Rate(4, opponent=False), None),
    "mixed, rate in compound": (Mixed(Rate(4), Compound(8)), None),
    "compound, f by the unit": (Compound(8), Native()),
    "rate, opponent, f by the unit": (Rate(4), Native()),
    "population K=8, f by the unit": (Population(8), Native()),
    "population K=8, f by shunting": (Population(8), Shunt(4)),
    "population K=8, f by coincidence": (Population(8), Coincidence()),
}


def network(name: str) -> CodedNetwork:
    """Random weights of sequential MNIST's size, on the grid."""
    code, forget = NETWORKS[name]
    words = {} if forget is None else {"forget": forget}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        gates = "fixed" if forget is None else "gated"
        rnn = SubLSTM(1, HIDDEN, batch_first=True, forget=gates, t_max=784)
        rate = SubLSTMClassifier(rnn, nn.Linear(HIDDEN, 10))
    return quantize(convert(rate, code=code, **words).network)


def work_of(net: CodedNetwork, batch: int, steps: int, *, learning: bool) -> float:
    """GFLOP of the layer's products."""
    rows = len(net.stack[0].bias)
    size = {"steps": steps, "batch": batch, "rows": rows, "hidden": HIDDEN, "inputs": 1}
    return products(**size, learning=learning)


def coded_forward(rounds: int, quick: bool) -> Iterator[Row]:
    """`CodedNetwork.run` in the core against its definition in torch and the twin in torch.

    The same spikes in all of them (tests/spiking/test_compiled.py); H=100, random weights. The twin
    is a closed form without spikes.
    """
    for name in NETWORKS:
        for batch, steps in ((1, 100), (64, 100)) if quick else ((1, 784), (64, 196)):
            net, x = network(name), torch.rand(batch, steps, 1)
            state = net.initial_state(batch)
            words = {"lengths": None, "record": False, "spell": True}
            peers = {"torch twin": lambda net=net, x=x: net.run(x, spell=False)}
            if "coincidence" not in name or batch == 1:  # 26 thousand neurons a unit take minutes
                peers["torch spikes"] = lambda net=net, x=x, state=state: net._stepwise(
                    x, state, **words
                )
            with torch.no_grad():
                yield race(
                    f"{name}, B={batch} T={steps}, forward",
                    lambda net=net, x=x: net.run(x),
                    peers,
                    rounds=rounds,
                    gflop=work_of(net, batch, steps, learning=False),
                )


def coded_learning(rounds: int, quick: bool) -> Iterator[Row]:
    """A step of tuning, forward and backward through the twin: in the core against torch."""
    batch, steps = 64, 50 if quick else 196
    for name in NETWORKS:
        net, x = network(name), torch.rand(batch, steps, 1)
        yield race(
            f"{name}, B={batch} T={steps}, forward and backward",
            lambda net=net, x=x: learn(net, lambda: twin_trace(net, x)["logits"]),
            {"torch twin": lambda net=net, x=x: learn(net, lambda: net.run(x, spell=False).logits)},
            rounds=min(rounds, 3),
            gflop=work_of(net, batch, steps, learning=True),
        )
