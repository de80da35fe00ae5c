"""The FPGA core: equal to the emulator in two simulators, and what it takes on two FPGAs.

    python -m benchmarks.fpga [--nets 24] [--network FILE.nir] [--mnist FOLDER] [--out docs/fpga.md]

Random networks first, wild and silent ones among them, in Icarus and in Verilator; then the
demo's network on the whole test part of its task; then, with --mnist, a network of 100 units for
sequential MNIST on a few images. Any difference stops the run. Then yosys and nextpnr.
"""

import argparse
import re
from pathlib import Path

import nir
import numpy as np
from tqdm import tqdm

from converter import load_network, to_nir
from hardware import TARGETS, Configuration, configure, deploy, emulate, simulate
from hardware.fpga import (
    ECP5_25K,
    ICE40_HX8K,
    clocks_of_a_step,
    steps_per_second,
    synthesized,
    verilog_files,
)
from hardware.placement import placed
from subspike.tasks import load_task
from tests.hardware.fpga.networks import drawn

DT = 1e-4
DEVICES = {"fpga-ecp5-25k": ECP5_25K, "fpga-ice40-hx8k": ICE40_HX8K}
LANES = (1, 2, 4, 8)
MODEL = Path("benchmarks/models/mnist-population8.safetensors")
HEAD = (
    "| network | FPGA | lanes | LUTs | registers | block RAMs | multipliers | clock | "
    "clocks a step | steps a second |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def require_equal(whole: Configuration, inputs, simulator: str) -> tuple[int, int]:
    """Spikes and states compared; SystemExit for the first that differs."""
    watched = [group.name for group in whole.network.groups]
    ours = emulate(whole.network, inputs, watched=watched)
    theirs = simulate(whole, inputs, simulator=simulator, watched=watched)
    pairs = [(f"spikes of {n}", a, theirs.trace.spikes[n]) for n, a in ours.trace.spikes.items()]
    states = [
        (f"{kind} of {n}", a, getattr(theirs.trace, kind)[n])
        for kind in ("potentials", "currents")
        for n, a in getattr(ours.trace, kind).items()
    ]
    for name, a, b in (*pairs, *states):
        if not np.array_equal(a, b):
            raise SystemExit(f"{simulator}: {name} differ")
    return sum(a.size for _, a, _ in pairs), sum(a.size for _, a, _ in states)


def compare_random(nets: int) -> str:
    spikes = states = clamping = 0
    for seed in tqdm(range(nets), unit="net"):
        network, inputs = drawn(seed, target="fpga-ecp5-25k")
        whole = configure(network, placed(network, TARGETS[network.target].cores))
        clamping += emulate(network, inputs).trace.overflows > 0
        for simulator in ("icarus", "verilator"):
            more = require_equal(whole, inputs, simulator)
        spikes, states = spikes + more[0], states + more[1]
    return (
        f"{nets} random networks of one and two layers in Icarus and in Verilator, {clamping} "
        f"of them with clamped states: {spikes} spikes and {states} potentials and currents equal."
    )


def compare_demo(graph: nir.NIRGraph) -> list[str]:
    task, said = load_task("digits-rows"), []
    inputs = np.round(task.test_x.numpy() * 2**task.input_bits) / 2**task.input_bits
    exact = emulate(deploy(graph, TARGETS["digital"], dt=DT).network, inputs)
    labels = task.test_y.numpy()
    for name in DEVICES:
        whole = deploy(graph, TARGETS[name], dt=DT)
        spikes, states = require_equal(whole, inputs, "verilator")
        run = emulate(whole.network, inputs)
        here, there = (100 * (r.outputs[:, -1].argmax(-1) == labels).mean() for r in (run, exact))
        said.append(
            f"The demo's network on `{name}`, all {len(labels)} test samples in Verilator: "
            f"{spikes} spikes and {states} potentials and currents equal, accuracy {here:.1f} % "
            f"({there:.1f} % on unrounded integers)."
        )
    return said


def mnist(folder: Path) -> tuple[nir.NIRGraph, str]:
    task = load_task("mnist-pixels", data=folder)
    net = load_network(MODEL)
    graph, inputs = to_nir(net, dt=DT), net.encode(task.test_x[:4]).numpy()
    spikes, states = require_equal(
        deploy(graph, TARGETS["fpga-ecp5-25k"], dt=DT), inputs, "verilator"
    )
    return graph, (
        f"Sequential MNIST, 100 units, K = 8, on `fpga-ecp5-25k`: 4 images of 784 steps in "
        f"Verilator, {spikes} spikes and {states} potentials and currents equal."
    )


def row(name: str, graph: nir.NIRGraph, target: str, lanes: int) -> str:
    """A line of the table."""
    device, chip = DEVICES[target], TARGETS[target]
    network = chip.quantize(graph, chip, DT)
    files = verilog_files(network, chip.format, device, lanes=lanes)
    whole = Configuration(network, placed(network, chip.cores), files)
    made = synthesized(whole, device)
    used = made.used
    cells = [f"`{name}`", f"`{target}`", lanes, used.luts, used.registers, used.block_rams]
    if made.hertz is None:
        lack = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in made.missing.items())
        cells += [used.multipliers, f"lacks {lack}", "-", "-"]
    else:
        clocks = clocks_of_a_step(whole)
        speed = steps_per_second(made, clocks=clocks)
        cells += [used.multipliers, f"{made.hertz / 1e6:.1f} MHz", clocks, f"{speed:,.0f}"]
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--nets", type=int, default=24)
    words.add_argument("--network", type=Path, default=Path("demo/export/network.nir"))
    words.add_argument("--mnist", type=Path, default=None, help="folder of the MNIST files")
    words.add_argument("--out", type=Path, default=None, help="document whose table is rewritten")
    given = words.parse_args()
    graph = nir.read(given.network)
    proofs = [compare_random(given.nets), *compare_demo(graph)]
    work = [("demo", graph, target, lanes) for target in DEVICES for lanes in LANES]
    if given.mnist:
        large, said = mnist(given.mnist)
        proofs.append(said)
        work += [("mnist", large, "fpga-ecp5-25k", lanes) for lanes in (4, 8)]
    rows = [row(*each) for each in tqdm(work, unit="design")]
    text = "\n".join([HEAD, *rows, "", *(f"- {proof}" for proof in proofs)])
    print(text)
    if given.out:
        document = given.out.read_text()
        mark = r"(<!-- fpga: written by make bench-fpga -->).*?<!-- end -->"
        given.out.write_text(
            re.sub(mark, lambda m: f"{m[1]}\n\n{text}\n\n<!-- end -->", document, flags=re.DOTALL)
        )


if __name__ == "__main__":
    main()
