"""Interleaved timing: competitors take turns, and what counts is the ratio within a round."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Row:
    """One line of a table: what was timed, milliseconds of the peer, and ours over the peer.

    low, high  smallest and largest ratio of a round
    goal       ratio that was to be reached, None where there is none
    gflop      of the products that the work needs when nothing is skipped; None: not counted
    """

    work: str
    peer: str
    peer_ms: float
    ratio: float
    low: float
    high: float
    goal: float | None = None
    gflop: float | None = None

    def rate(self) -> float | None:
        """GFLOP/s reached, from the peer's time and our ratio to it."""
        return None if self.gflop is None else 1e3 * self.gflop / (self.peer_ms * self.ratio)


def products(
    *, steps: int, batch: int, rows: int, hidden: int, inputs: int, learning: bool
) -> float:
    """GFLOP of W x and R h over a sequence; learning adds their gradients, but for that of x."""
    macs = steps * batch * rows * (hidden + inputs)
    if learning:
        macs += steps * batch * rows * (2 * hidden + inputs)
    return 2e-9 * macs


def learn(module: nn.Module, run: Callable[[], Tensor]) -> None:
    """Forward and backward, gradients thrown away."""
    run().sum().backward()
    for value in module.parameters():
        value.grad = None


def race(
    work: str,
    ours: Callable[[], object],
    peers: dict[str, Callable[[], object]],
    *,
    rounds: int,
    goal: float | None = None,
    gflop: float | None = None,
) -> Row:
    """Time `ours` and every peer in turn; the fastest peer by median is the one compared with."""
    every = {"": ours, **peers}
    for act in every.values():
        act()
    times: dict[str, list[float]] = {name: [] for name in every}
    names = list(every)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            every[name]()
            times[name].append(time.perf_counter() - start)
    peer = min(peers, key=lambda name: statistics.median(times[name]))
    ratios = [a / b for a, b in zip(times[""], times[peer], strict=True)]
    return Row(
        work,
        peer,
        1e3 * statistics.median(times[peer]),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        goal,
        gflop,
    )


def table(rows: list[Row], *, roof: float) -> str:
    """Rows as Markdown; a goal that was missed is marked. `roof` in GFLOP/s."""
    lines = [
        "| work | peer | peer, ms | ours / peer | lowest - highest | goal | | GFLOP/s | of roof |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        goal = "-" if row.goal is None else f"{row.goal:.3g}"
        mark = "" if row.goal is None else "reached" if row.ratio <= row.goal else "**missed**"
        reached = row.rate()
        share = "- | -" if reached is None else f"{reached:.3g} | {reached / roof:.0%}"
        lines.append(
            f"| {row.work} | {row.peer} | {row.peer_ms:.3g} | {row.ratio:.3g} | "
            f"{row.low:.3g} - {row.high:.3g} | {goal} | {mark} | {share} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """Processor, instruction set, threads and torch, in one line."""
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ] or [platform.processor()]
    return (
        f"{names[0]}, {len(names)} cores, {torch.backends.cpu.get_cpu_capability()}, "
        f"{torch.get_num_threads()} thread, torch {torch.__version__}"
    )


def roofline() -> tuple[float, float]:
    """Measured GFLOP/s of a float32 product of 1024 x 1024, and GB/s of a copy of 256 MB."""
    a, big = torch.randn(1024, 1024), torch.randn(2**26)
    other = torch.empty_like(big)

    def best(act: Callable[[], object]) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            act()
            times.append(time.perf_counter() - start)
        return min(times[2:])

    return 2 * 1024**3 / best(lambda: a @ a) / 1e9, 2 * 4 * 2**26 / best(
        lambda: other.copy_(big)
    ) / 1e9
