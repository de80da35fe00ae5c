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

from benchmarks.coded import coded_forward, coded_learning
from benchmarks.peers import installed
from benchmarks.spikes import (
    chip,
    lively,
    same_network,
    spiking_forward,
    spiking_learning,
    whole_comparison,
)
from benchmarks.timing import Row, learn, machine, products, race, roofline, table
from converter import (
    convert,
    quantize,
)
from spiking import Population, SubLSTM, SubLSTMClassifier
from spiking.kernels import RateStream, Weights, core

Bench = Callable[[int, bool], Iterator[Row]]


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
            size = {"steps": steps, "batch": batch, "hidden": hidden, "inputs": inputs}
            size["rows"] = ours.num_gates * hidden
            with torch.no_grad():
                yield race(
                    f"rate {name}, forward",
                    lambda m=ours: m(x),
                    {"nn.LSTM": lambda: lstm(x)},
                    rounds=rounds,
                    goal=goal,
                    gflop=products(**size, learning=False),
                )
            yield race(
                f"rate {name}, forward and backward",
                lambda m=ours: learn(m, lambda: m(x)[0]),
                {"nn.LSTM": lambda: learn(lstm, lambda: lstm(x)[0])},
                rounds=rounds,
                goal=goal,
                gflop=products(**size, learning=True),
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


BENCHES: dict[str, Bench] = {
    "rate": rate,
    "spiking, the same network": same_network,
    "spiking against recurrent LIF, forward": spiking_forward,
    "spiking against recurrent LIF, learning": spiking_learning,
    "every code, forward": coded_forward,
    "every code, learning": coded_learning,
    "multi-spike in integers": chip,
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
        "definition. *GFLOP/s* are those of the products that the work has when nothing is skipped "
        "(events skip what is silent), *of roof* their share of the float32 product below.\n\n"
        f"Machine: {machine()}; core: {core().instruction_set}. Measured roofline: float32 "
        f"product {flops:.0f} GFLOP/s, copy {bandwidth:.0f} GB/s. Peers: nn.LSTM, "
        f"{', '.join(installed())}."
    )
    parts = ["# Performance", about]
    bar = tqdm(BENCHES.items(), unit="bench")
    for name, bench in bar:
        bar.set_postfix_str(name)
        parts += [f"## {name[0].upper()}{name[1:]}", table(list(bench(rounds, quick)), roof=flops)]
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
