"""How fast, beside whom: one interleaved run, written to docs/performance.md.

    python -m benchmarks.speed [--rounds 5] [--threads 1] [--quick] [--out docs/performance.md]

Every kernel that is timed here is compared with its definition in the tests. What a row says is the
ratio of times within a round; milliseconds are those of the peer.
"""

from __future__ import annotations

import argparse
import inspect
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from benchmarks.peers import installed
from benchmarks.timing import Row, machine, race, roofline, table
from converter import CONSUMERS, convert, quantize, to_nir
from spiking import Population, SpikingNetwork, SubLSTM, SubLSTMClassifier, twin_trace
from spiking.kernels import RateStream, Weights, core

Bench = Callable[[int, bool], Iterator[Row]]


def learn(module: nn.Module, run: Callable[[], Tensor]) -> None:
    """Forward and backward, gradients thrown away."""
    run().sum().backward()
    for value in module.parameters():
        value.grad = None


def rate(rounds: int, quick: bool) -> Iterator[Row]:
    """The rate subLSTM against torch.nn.LSTM."""
    sizes = list(itertools.product((50, 128, 256), (1, 20, 64), (784,), (1,)))
    sizes += [(650, batch, 35, 650) for batch in (1, 20, 64)]
    for hidden, batch, steps, inputs in sizes[:: 5 if quick else 1]:
        x = torch.randn(steps, batch, inputs)
        lstm = nn.LSTM(inputs, hidden)
        for forget in ("gated", "fixed"):
            ours = SubLSTM(inputs, hidden, forget=forget)
            small = hidden <= 256
            goal = {"gated": 0.75 if small else 1.0, "fixed": 0.6 if small else 0.8}[forget]
            name = f"{forget} H={hidden} B={batch} T={steps}"
            with torch.no_grad():
                yield race(
                    f"rate {name}, forward",
                    lambda m=ours: m(x),
                    {"nn.LSTM": lambda: lstm(x)},
                    rounds=rounds,
                    goal=goal,
                )
            yield race(
                f"rate {name}, forward and backward",
                lambda m=ours: learn(m, lambda: m(x)[0]),
                {"nn.LSTM": lambda: learn(lstm, lambda: lstm(x)[0])},
                rounds=rounds,
                goal=goal,
            )


def lively(hidden: int, *, levels: int = 8, bias: float = 1.0) -> SpikingNetwork:
    """A spiking network whose units fire: random weights, biases of this spread."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rnn = SubLSTM(1, hidden, batch_first=True, forget="fixed", t_max=30)
        with torch.no_grad():
            rnn.get("bias_ih", "l0").normal_(0.0, bias)
        rate_model = SubLSTMClassifier(rnn, nn.Linear(hidden, 10))
    return quantize(convert(rate_model, code=Population(levels)).network)


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
        )


def one_step(rounds: int, quick: bool) -> Iterator[Row]:
    """Streaming: a single step of a single sample."""
    cell, rnn = nn.LSTMCell(1, 128), SubLSTM(1, 128, forget="fixed")
    weights = Weights(
        rnn.get("weight_ih", "l0"),
        rnn.get("weight_hh", "l0"),
        rnn.get("bias_ih", "l0"),
        torch.sigmoid(rnn.get("forget", "l0")),
    )
    stream = RateStream(weights, batch=1, gate=rnn.gate, output=rnn.output)
    x, count = torch.rand(1, 1), 200 if quick else 5000
    state = [torch.zeros(1, 128), torch.zeros(1, 128)]

    def peer() -> None:
        for _ in range(count):
            state[:] = cell(x, (state[0], state[1]))

    def ours() -> None:
        for _ in range(count):
            stream(x)

    with torch.no_grad():
        yield race(
            f"{count} streaming steps B=1 H=128",
            ours,
            {"nn.LSTMCell": peer},
            rounds=rounds,
            goal=1 / 5,
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
        )


BENCHES: dict[str, Bench] = {
    "rate": rate,
    "spiking, the same network": same_network,
    "spiking against recurrent LIF, forward": spiking_forward,
    "spiking against recurrent LIF, learning": spiking_learning,
    "streaming": one_step,
    "comparison": whole_comparison,
}


def kept(module: nn.Module, run: Callable[[], Tensor], *, hidden: int) -> float:
    """Bytes that a forward keeps for its backward, beyond parameters, in units of T B H floats."""
    seen: dict[int, int] = {}
    own = {value.data_ptr() for value in module.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if tensor.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        run()
    return sum(seen.values()) / (4 * 784 * 64 * hidden)


def memory() -> str:
    """What is kept for the backward, H=128 B=64 T=784, in units of time * batch * hidden floats."""
    x, found = torch.randn(784, 64, 1), {}
    lstm = nn.LSTM(1, 128)
    found["nn.LSTM"] = kept(lstm, lambda: lstm(x)[0], hidden=128)
    for forget, recompute in itertools.product(("gated", "fixed"), (False, True)):
        rnn = SubLSTM(1, 128, forget=forget, recompute=recompute)
        name = f"SubLSTM, {forget}{', recompute' if recompute else ''}"
        found[name] = kept(rnn, lambda m=rnn: m(x)[0], hidden=128)
    lines = ["| kept for the backward | T B H floats | of nn.LSTM's | goal |", "|---|---|---|---|"]
    for name, amount in found.items():
        goal = "-" if name == "nn.LSTM" else "0.1" if "recompute" in name else "0.4"
        lines.append(f"| {name} | {amount:.2f} | {amount / found['nn.LSTM']:.2f} | {goal} |")
    return "\n".join(lines)


def growth(quick: bool) -> str:
    """Microseconds per step and sequence of a spiking forward as one thing grows."""
    lines = [
        "| what grows | value | us per step and sequence | units active |",
        "|---|---|---|---|",
    ]
    base = {"hidden": 128, "batch": 64, "steps": 200, "levels": 8, "bias": 1.0}
    ways = {
        "hidden": (32, 64, 128, 256, 512),
        "batch": (1, 4, 16, 64, 256),
        "steps": (50, 200, 784),
        "levels": (2, 4, 8, 16, 32),
        "bias": (0.02, 0.05, 0.1, 0.3, 1.0),
    }
    for name, values in ways.items():
        for value in values[:: 3 if quick else 1]:
            given = base | {name: value}
            net = lively(given["hidden"], levels=given["levels"], bias=given["bias"])
            x = torch.rand(given["batch"], given["steps"], 1)
            with torch.no_grad():
                times = []
                for _ in range(4):
                    start = time.perf_counter()
                    run = net.run(x)
                    times.append(time.perf_counter() - start)
            each = 1e6 * min(times[1:]) / (given["batch"] * given["steps"])
            active = float((run.output != 0).double().mean())
            lines.append(f"| {name} | {value} | {each:.3g} | {active:.0%} |")
    return "\n".join(lines)


def conversion() -> str:
    """Seconds to convert an untrained model of sequential MNIST's size, without data."""
    rnn = SubLSTM(1, 100, batch_first=True, forget="fixed")
    model = SubLSTMClassifier(rnn, nn.Linear(100, 10))
    start = time.perf_counter()
    quantize(convert(model, code=Population(8)).network)
    return f"{time.perf_counter() - start:.3f} s (goal: below 1 s)"


def report(rounds: int, quick: bool) -> str:
    """The whole document."""
    flops, bandwidth = roofline()
    about = (
        "Written by `make bench-speed`. Smaller is faster; a row is ours over the fastest peer, "
        "the median of the ratios within a round. The tests compare every kernel with its "
        "definition.\n\n"
        f"Machine: {machine()}; core: {core().instruction_set}. Measured roofline: float32 "
        f"product {flops:.0f} GFLOP/s, copy {bandwidth:.0f} GB/s. Peers: nn.LSTM, "
        f"{', '.join(installed())}."
    )
    parts = ["# Performance", about]
    bar = tqdm(BENCHES.items(), unit="bench")
    for name, bench in bar:
        bar.set_postfix_str(name)
        parts += [f"## {name[0].upper()}{name[1:]}", table(list(bench(rounds, quick)))]
        words = inspect.cleandoc(bench.__doc__ or "")
        parts.insert(-1, words)
    parts += ["## Memory", memory(), "## Growth", growth(quick)]
    parts += ["## Conversion", f"A model of sequential MNIST's size, without data: {conversion()}."]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    words = argparse.ArgumentParser(description="Speed beside the peers")
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--threads", type=int, default=1)
    words.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    words.add_argument("--out", type=Path, help="file to write; the terminal otherwise")
    given = words.parse_args()
    torch.set_num_threads(given.threads)
    text = report(given.rounds, given.quick)
    if given.out is None:
        sys.stdout.write(text)
    else:
        notes = Path(__file__).with_name("notes.md")
        given.out.write_text(text + "\n" + notes.read_text())


if __name__ == "__main__":
    main()
