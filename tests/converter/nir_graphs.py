"""Graphs of other people's kind, of which the reference knows what each simulator makes."""

from __future__ import annotations

import itertools

import nir
import numpy as np

from converter.schedule import schedule

DT = 1e-4
INPUTS, UNITS = 6, 8


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ends(width: int = UNITS) -> dict[str, nir.NIRNode]:
    return {
        "input": nir.Input({"input": np.array([INPUTS])}),
        "output": nir.Output({"output": np.array([width])}),
    }


def weights(rows: int, columns: int, seed: int = 0, scale: float = 0.5) -> np.ndarray:
    """Multiples of 2^-10, so that single precision holds them."""
    return np.rint(rng(seed).normal(size=(rows, columns)) * scale * 1024.0) / 1024.0


def affine(rows: int, columns: int, seed: int = 0, scale: float = 0.5) -> nir.Affine:
    bias = np.rint(rng(seed + 100).normal(size=rows) * 0.1 * 1024.0) / 1024.0
    return nir.Affine(weights(rows, columns, seed, scale), bias)


def every(value: float, size: int = UNITS) -> np.ndarray:
    return np.full(size, value)


def lif(tau: float = 8e-4, *, gain: float | None = None, reset: float = 0.0, leak: float = 0.0):
    return nir.LIF(
        tau=every(tau),
        r=every(tau / DT if gain is None else gain),
        v_leak=every(leak),
        v_threshold=every(1.03),
        v_reset=every(reset),
    )


def cuba(tau_syn: float = 4e-4, tau_mem: float = 8e-4, size: int = UNITS, *, raw: bool = True):
    return nir.CubaLIF(
        tau_syn=every(tau_syn, size),
        tau_mem=every(tau_mem, size),
        r=every(tau_mem / DT if raw else 1.0, size),
        v_leak=every(0.0, size),
        v_threshold=every(1.03, size),
        v_reset=every(0.0, size),
        w_in=every(tau_syn / DT if raw else 1.0, size),
    )


def graph(nodes: dict[str, nir.NIRNode], edges: str, width: int = UNITS) -> nir.NIRGraph:
    """Edges as "input>a>b>output b>a"."""
    pairs = [pair for chain in edges.split() for pair in itertools.pairwise(chain.split(">"))]
    return nir.NIRGraph(nodes=ends(width) | nodes, edges=pairs)


def chain(*nodes: nir.NIRNode, width: int = UNITS) -> nir.NIRGraph:
    named = {f"n{at}": node for at, node in enumerate(nodes)}
    return graph(named, ">".join(["input", *named, "output"]), width)


def _times(node: nir.NIRNode, scale: float) -> nir.NIRNode:
    node.weight, node.bias = node.weight * scale, node.bias * scale
    return node


def heterogeneous() -> nir.LIF:
    tau = np.linspace(2e-4, 2e-3, UNITS)
    limits = np.linspace(0.7, 1.4, UNITS)
    return nir.LIF(tau=tau, r=tau / DT, v_leak=0 * tau, v_threshold=limits, v_reset=0 * tau)


def tied() -> nir.NIRGraph:
    """Potentials in quarters, with the threshold on one of them."""
    first = affine(UNITS, INPUTS)
    first.weight, first.bias = np.rint(first.weight * 4) / 4, 0 * first.bias
    node = lif(2e-4)
    node.v_threshold = every(1.0)
    return chain(first, node)


def recurrent(node: nir.NIRNode, back: str = "rec") -> nir.NIRGraph:
    nodes = {"fc": affine(UNITS, INPUTS, 0, 0.8), "lif": node, back: affine(UNITS, UNITS, 1, 0.3)}
    return graph(nodes, f"input>fc>lif>{back}>lif lif>output")


def nested(node: nir.NIRNode) -> nir.NIRGraph:
    inner = nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([UNITS])}),
            "lif": node,
            "output": nir.Output({"output": np.array([UNITS])}),
            "rec": affine(UNITS, UNITS, 1, 0.3),
        },
        [("input", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "output")],
    )
    nodes = {"fc": affine(UNITS, INPUTS, 0, 0.8), "rnn": inner, "fc2": affine(4, UNITS, 2)}
    return graph(nodes, "input>fc>rnn>fc2>output", 4)


def lif_loop() -> nir.NIRGraph:
    """Two gates and a cell of LIF neurons, with a loop through all of them."""
    nodes = {
        "cell": lif(8e-4),
        "gate_i": lif(2e-4),
        "gate_z": lif(2e-4),
        "mix_i": affine(UNITS, UNITS, 5, 0.5),
        "mix_z": affine(UNITS, UNITS, 6, 0.5),
        "rec_i": affine(UNITS, UNITS, 3, 0.3),
        "rec_z": affine(UNITS, UNITS, 4, 0.3),
        "x_i": affine(UNITS, INPUTS, 1, 0.8),
        "x_z": affine(UNITS, INPUTS, 2, 0.8),
    }
    edges = (
        "input>x_z>gate_z>mix_z>cell input>x_i>gate_i>mix_i>cell "
        "cell>rec_z>gate_z cell>rec_i>gate_i cell>output"
    )
    return graph(nodes, edges)


def packed(first: str = "rec") -> nir.NIRGraph:
    """One chain of CubaLIF nodes with one edge back, which is listed first."""
    cells = cuba(size=2 * UNITS)
    cells.tau_syn = np.concatenate([np.linspace(3e-4, 2e-3, UNITS), every(DT)])
    cells.w_in, cells.tau_mem = cells.tau_syn / DT, every(DT, 2 * UNITS)
    cells.r = every(1.0, 2 * UNITS)
    nodes = {
        "n1_in": affine(3 * UNITS, INPUTS, 0, 0.8),
        "n2_gates": cuba(DT, DT, 3 * UNITS),
        "n3_mix": affine(2 * UNITS, 3 * UNITS, 1, 0.4),
        "n4_cell": cells,
        "n5_rec": affine(3 * UNITS, 2 * UNITS, 2, 0.3),
    }
    back, out = "n4_cell>n5_rec>n2_gates", "n4_cell>output"
    later = f"{back} {out}" if first == "rec" else f"{out} {back}"
    return graph(nodes, f"input>n1_in>n2_gates>n3_mix>n4_cell {later}", 2 * UNITS)


def integrating() -> nir.NIRGraph:
    """Spikes into leaky integrators."""
    li = nir.LI(tau=every(1e-3), r=every(1.0), v_leak=every(0.0))
    return chain(affine(UNITS, INPUTS), cuba(), affine(UNITS, UNITS, 1, 4.0), li)


def merging() -> nir.NIRGraph:
    """z - i into leaky integrators, which neurons read."""
    nodes = {
        "c": nir.LI(tau=every(1e-3), r=every(1e-3 / DT), v_leak=every(0.0)),
        "i": cuba(),
        "i_c": nir.Linear(-0.5 * np.eye(UNITS)),
        "s": lif(2e-4),
        "x_i": affine(UNITS, INPUTS, 1, 0.8),
        "x_z": affine(UNITS, INPUTS, 2, 0.8),
        "z": cuba(),
        "z_c": nir.Linear(0.5 * np.eye(UNITS)),
    }
    return graph(nodes, "input>x_z>z>z_c>c>s>output input>x_i>i>i_c>c")


def leaking(leak: float, reset: float = 0.0) -> nir.CubaLIF:
    node = cuba()
    node.v_leak, node.v_reset = every(leak), every(reset)
    return node


def all_kinds() -> nir.NIRGraph:
    """Everything that NIR has and snnTorch has not."""
    return chain(
        nir.Linear(weights(UNITS, INPUTS)),
        nir.Scale(np.linspace(0.5, 2.0, UNITS)),
        nir.I(r=every(0.5 / DT)),
        nir.Threshold(every(0.13)),
        affine(UNITS, UNITS, 1, 2.0),
        nir.CubaLI(every(3e-4), every(5e-4), every(2.0), every(0.0), every(1.5)),
        lif(2e-4),
    )


def delayed() -> nir.NIRGraph:
    """A loop that is cut by a Delay of two steps."""
    nodes = {
        "fc": affine(UNITS, INPUTS, 0, 0.8),
        "lif": lif(),
        "rec": affine(UNITS, UNITS, 1, 0.3),
        "wait": nir.Delay(every(2 * DT)),
    }
    return graph(nodes, "input>fc>lif>wait>rec>lif lif>output")


def wired(seed: int) -> nir.NIRGraph:
    """Random layers of neurons with random wires among them, forward and back, under any names."""
    draw = rng(seed)
    count = int(draw.integers(2, 5))
    letters = draw.permutation(list("abcdefghijklmnopqrstuvwxyz"))
    names = iter(letters)
    neurons = [f"{next(names)}_{at}" for at in range(count)]
    nodes: dict[str, nir.NIRNode] = {}
    wires = [("input", neurons[0]), *itertools.pairwise(neurons)]
    for _ in range(int(draw.integers(0, 4))):
        a, b = draw.integers(0, count, 2)
        wires.append((neurons[a], neurons[b]))
    for name in neurons:
        nodes[name] = (lif(3e-4, gain=3.0), cuba(DT, 3e-4))[int(draw.integers(2))]
    edges = [(neurons[-1], "output")]
    for at, (a, b) in enumerate(dict.fromkeys(wires)):
        name = f"{next(names)}_w{at}"
        columns = INPUTS if a == "input" else UNITS
        nodes[name] = affine(UNITS, columns, seed + at, 0.7 if a == "input" else 0.5)
        edges += [(a, name), (name, b)]
    edges = [edges[at] for at in draw.permutation(len(edges))]
    order = draw.permutation(sorted(nodes))
    return nir.NIRGraph(ends() | {str(name): nodes[str(name)] for name in order}, edges)


def with_stray(edges: str) -> nir.NIRGraph:
    """A neuron, and an Affine that hangs on it by one end."""
    nodes = {"fc": affine(UNITS, INPUTS), "lif": lif(), "more": affine(UNITS, UNITS, 1)}
    pairs = [pair for chain in edges.split() for pair in itertools.pairwise(chain.split(">"))]
    return nir.NIRGraph(ends() | nodes, pairs, type_check=False)


def single_numbers() -> nir.NIRGraph:
    """What nir writes where the parameters are numbers and no arrays."""
    one = {n: np.float64(v[0]) for n, v in vars(lif()).items() if n in ("tau", "r", "v_leak")}
    node = nir.LIF(**one, v_threshold=np.float64(1.03), v_reset=np.float64(0.0))
    nodes = {"fc": affine(UNITS, INPUTS), "lif": node}
    edges = [("input", "fc"), ("fc", "lif"), ("lif", "output")]
    return nir.NIRGraph(ends() | nodes, edges, type_check=False)


def renamed(given: nir.NIRGraph) -> nir.NIRGraph:
    """The same graph with names that sort in data-flow order."""
    order, _ = schedule(given.nodes, list(given.edges), "input")
    names = {name: f"n{at:02d}_{name}" for at, name in enumerate(order)}
    names |= {"input": "input", "output": "output"}
    nodes = {names[name]: node for name, node in given.nodes.items()}
    edges = [(names[a], names[b]) for a, b in given.edges]
    return nir.NIRGraph(nodes, edges)


GRAPHS = {
    "LIF rt": lambda: chain(affine(UNITS, INPUTS), lif()),
    "LIF r1": lambda: chain(_times(affine(UNITS, INPUTS), 8.0), lif(gain=1.0)),
    "LIF v_reset": lambda: chain(affine(UNITS, INPUTS), lif(reset=-0.25)),
    "LIF v_leak": lambda: chain(affine(UNITS, INPUTS), lif(leak=0.25)),
    "LIF v_leak v_reset": lambda: chain(affine(UNITS, INPUTS), lif(leak=-0.25, reset=-0.25)),
    "LIF heterogeneous": lambda: chain(affine(UNITS, INPUTS), heterogeneous()),
    "LIF Linear": lambda: chain(nir.Linear(weights(UNITS, INPUTS)), lif()),
    "tie": tied,
    "IF": lambda: chain(
        affine(UNITS, INPUTS), nir.IF(r=every(1 / DT), v_threshold=every(1.03), v_reset=every(0.0))
    ),
    "IF r1": lambda: chain(
        affine(UNITS, INPUTS), nir.IF(r=every(1.0), v_threshold=every(1.03), v_reset=every(0.0))
    ),
    "CubaLIF rt": lambda: chain(affine(UNITS, INPUTS), cuba()),
    "CubaLIF r1": lambda: chain(_times(affine(UNITS, INPUTS), 32.0), cuba(raw=False)),
    "CubaLIF v_leak": lambda: chain(affine(UNITS, INPUTS), leaking(0.125)),
    "CubaLIF v_reset": lambda: chain(affine(UNITS, INPUTS), leaking(0.0, -0.25)),
    "IF v_reset": lambda: chain(
        affine(UNITS, INPUTS), nir.IF(r=every(1 / DT), v_threshold=every(1.03), v_reset=every(-0.5))
    ),
    "all kinds": all_kinds,
    "delayed": delayed,
    "single numbers": single_numbers,
    "stray leaf": lambda: with_stray("input>fc>lif>output lif>more"),
    "stray root": lambda: with_stray("input>fc>lif>output more>lif"),
    "rec CubaLIF": lambda: recurrent(cuba()),
    "rec CubaLIF early": lambda: recurrent(cuba(), back="back"),
    "rec LIF": lambda: recurrent(lif()),
    "nested LIF": lambda: nested(lif()),
    "nested CubaLIF": lambda: nested(cuba()),
    "LIF loop": lif_loop,
    "packed": packed,
    "packed output first": lambda: packed("output"),
    "rec CubaLIF in order": lambda: renamed(recurrent(cuba())),
    "rec LIF in order": lambda: renamed(recurrent(lif())),
    "nested CubaLIF in order": lambda: renamed(nested(cuba())),
    "nested LIF in order": lambda: renamed(nested(lif())),
    "LIF loop in order": lambda: renamed(lif_loop()),
    "LI": integrating,
    "merge": merging,
    "two CubaLIF": lambda: chain(
        affine(UNITS, INPUTS), cuba(), affine(UNITS, UNITS, 1, 0.8), cuba(2e-4, 4e-4)
    ),
}
GRAPHS |= {f"wired {seed}": lambda seed=seed: wired(seed) for seed in range(24)}
