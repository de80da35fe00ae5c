"""Each public repository's own equations in plain numpy, float64: what an import must reproduce.

Every function reads a checkpoint by that repository's keys and nothing of ours. Inputs are
(batch, time, features); a run gives what its module returns and, with a readout, the logits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = dict[str, Array]


@dataclass(frozen=True)
class PlainRun:
    """output (batch, time, hidden), h_n and c_n (layers, batch, hidden), logits or None."""

    output: Array
    h_n: Array
    c_n: Array
    logits: Array | None


def sigmoid(x: Array) -> Array:
    """Logistic sigmoid."""
    return 1.0 / (1.0 + np.exp(-x))


Step = Callable[[Array, Array, Array, int], tuple[Array, Array]]


def _over_time(step: Step, x: Array, hidden: list[int]) -> tuple[Array, Array, Array]:
    h = [np.zeros((len(x), width)) for width in hidden]
    c = [np.zeros((len(x), width)) for width in hidden]
    outputs = []
    for t in range(x.shape[1]):
        flowing = x[:, t]
        for layer in range(len(hidden)):
            h[layer], c[layer] = step(flowing, h[layer], c[layer], layer)
            flowing = h[layer]
        outputs.append(flowing)
    return np.stack(outputs, axis=1), np.stack(h), np.stack(c)


def _finish(done: tuple[Array, Array, Array], logits: Array | None) -> PlainRun:
    return PlainRun(*done, logits)


def _linear(state: State, name: str, last: Array) -> Array | None:
    if f"{name}.weight" not in state:
        return None
    return last @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def _bare(state: State) -> State:
    return {name.removeprefix("rnn."): value for name, value in state.items()}


def run_ixaxaar(state: State, x: Array) -> PlainRun:
    """Rows i, f, z, o."""
    s = _bare(state)
    layers = sum(name.startswith("weight_ih") for name in s)

    def step(u: Array, h: Array, c: Array, k: int) -> tuple[Array, Array]:
        gates = u @ s[f"weight_ih_l{k}"].T + h @ s[f"weight_hh_l{k}"].T
        if f"bias_ih_l{k}" in s:
            gates = gates + s[f"bias_ih_l{k}"] + s[f"bias_hh_l{k}"]
        i, f, z, o = np.split(sigmoid(gates), 4, axis=1)
        c = f * c + (z - i)
        return sigmoid(c) - o, c

    done = _over_time(step, x, [s["weight_hh_l0"].shape[1]] * layers)
    return _finish(done, _linear(state, "decoder", done[0][:, -1]))


def run_neuralml(state: State, x: Array) -> PlainRun:
    """Rows i, o, z, f; the fixed variant has i, o, z and a clamped f_k."""
    s = _bare(state)
    layers = sum(name.startswith("W_") and not name.endswith("_reverse") for name in s)
    bias_names = ("b_i", "b_r") if "b_i_0" in s else ("bi", "bh")

    def step(u: Array, h: Array, c: Array, k: int) -> tuple[Array, Array]:
        gates = u @ s[f"W_{k}"].T + h @ s[f"R_{k}"].T
        for name in bias_names:
            gates = gates + s.get(f"{name}_{k}", 0.0)
        if f"f_{k}" in s:
            i, o, z = np.split(sigmoid(gates), 3, axis=1)
            f = np.clip(s[f"f_{k}"], 0, 1)
        else:
            i, o, z, f = np.split(sigmoid(gates), 4, axis=1)
        c = c * f + z - i
        return sigmoid(c) - o, c

    done = _over_time(step, x, [s["R_0"].shape[1]] * layers)
    return _finish(done, _linear(state, "linear", done[0][:, -1]))


def run_miltonllera_basic(state: State, x: Array) -> PlainRun:
    """As neuralml, layers are modules counted from 1."""
    s = _bare(state)
    layers = sum(name.endswith("input_layer.weight") for name in s)

    def step(u: Array, h: Array, c: Array, k: int) -> tuple[Array, Array]:
        name = f"layer_{k + 1}"
        gates = u @ s[f"{name}.input_layer.weight"].T + h @ s[f"{name}.recurrent_layer.weight"].T
        gates = gates + s.get(f"{name}.input_layer.bias", 0.0)
        gates = gates + s.get(f"{name}.recurrent_layer.bias", 0.0)
        if f"{name}.f_gate" in s:
            i, o, z = np.split(sigmoid(gates), 3, axis=1)
            f = np.clip(s[f"{name}.f_gate"], 0, 1)
        else:
            i, o, z, f = np.split(sigmoid(gates), 4, axis=1)
        c = c * f + z - i
        return sigmoid(c) - o, c

    done = _over_time(step, x, [s["layer_1.recurrent_layer.weight"].shape[1]] * layers)
    return _finish(done, _linear(state, "linear", done[0][:, -1]))


def run_miltonllera_torchscript(state: State, x: Array) -> PlainRun:
    """Rows i, f, z, o (fixed: i, z, o and a sigmoid of forgetgate); the output is tanh(c) - o."""
    s = _bare(state)
    layers = sum(name.endswith("cell.weight_hh") for name in s)

    def step(u: Array, h: Array, c: Array, k: int) -> tuple[Array, Array]:
        name = f"layers.{k}.cell"
        inner = s.get(f"{name}.weight_ih", s.get(f"layers.{k}.weight_ih"))
        assert inner is not None
        gates = u @ inner.T + s.get(f"{name}.bias_ih", 0.0)
        gates = gates + h @ s[f"{name}.weight_hh"].T + s[f"{name}.bias_hh"]
        if f"{name}.forgetgate" in s:
            i, z, o = np.split(sigmoid(gates), 3, axis=1)
            f = sigmoid(s[f"{name}.forgetgate"])
        else:
            i, f, z, o = np.split(sigmoid(gates), 4, axis=1)
        c = f * c + (z - i)
        return np.tanh(c) - o, c

    done = _over_time(step, x, [s["layers.0.cell.weight_hh"].shape[1]] * layers)
    return _finish(done, _linear(state, "linear", done[0][:, -1]))


def run_cimacmillan(state: State, x: Array) -> PlainRun:
    """Rows i, f, z, o, one bias."""
    s = _bare(state)

    def step(u: Array, h: Array, c: Array, _: int) -> tuple[Array, Array]:
        gates = u @ s["W"].T + h @ s["R"].T + s["bias"]
        i, f, z, o = np.split(sigmoid(gates), 4, axis=1)
        c = f * c + z - i
        return sigmoid(c) - o, c

    done = _over_time(step, x, [s["R"].shape[1]])
    return _finish(done, _linear(state, "linear", done[0][:, -1]))


def run_michael1788(state: State, x: Array) -> PlainRun:
    """Separate arrays multiplied from the right; the readout is rectified."""

    def step(u: Array, h: Array, c: Array, _: int) -> tuple[Array, Array]:
        i, f, o, z = (
            sigmoid(u @ state[f"W{g}"] + h @ state[f"U{g}"] + state[f"b{g}"])
            for g in ("i", "f", "og", "c")
        )
        c = f * c - i + z
        return sigmoid(c) - o, c

    done = _over_time(step, x, [len(state["Ui"])])
    logits = None
    if "Wo" in state:
        logits = np.maximum(0.0, done[0][:, -1] @ state["Wo"] + state["bo"])
    return _finish(done, logits)


def run_lstm(state: State, x: Array) -> PlainRun:
    """torch.nn.LSTM, rows i, f, g, o: multiplicative."""
    s = _bare(state)
    layers = sum(name.startswith("weight_ih") for name in s)

    def step(u: Array, h: Array, c: Array, k: int) -> tuple[Array, Array]:
        gates = u @ s[f"weight_ih_l{k}"].T + h @ s[f"weight_hh_l{k}"].T
        i, f, g, o = np.split(gates + s[f"bias_ih_l{k}"] + s[f"bias_hh_l{k}"], 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    done = _over_time(step, x, [s["weight_hh_l0"].shape[1]] * layers)
    return _finish(done, _linear(state, "decoder", done[0][:, -1]))


def run_neuralml_product(state: State, x: Array) -> PlainRun:
    """neuralml between 2019-03-18 and 2019-04-03: z and i multiplied."""
    s = _bare(state)

    def step(u: Array, h: Array, c: Array, k: int) -> tuple[Array, Array]:
        gates = u @ s[f"W_{k}"].T + h @ s[f"R_{k}"].T + s[f"bi_{k}"] + s[f"bh_{k}"]
        i, o, z, f = np.split(sigmoid(gates), 4, axis=1)
        c = c * f + z * i
        return sigmoid(c) - o, c

    layers = sum(name.startswith("W_") for name in s)
    done = _over_time(step, x, [s["R_0"].shape[1]] * layers)
    return _finish(done, _linear(state, "linear", done[0][:, -1]))


def run_miltonllera_negated(state: State, x: Array) -> PlainRun:
    """miltonllera on 2019-10-12: o - tanh(c)."""
    s = _bare(state)

    def step(u: Array, h: Array, c: Array, k: int) -> tuple[Array, Array]:
        name = f"layers.{k}.cell"
        gates = u @ s[f"{name}.weight_ih"].T + s[f"{name}.bias_ih"]
        gates = sigmoid(gates + h @ s[f"{name}.weight_hh"].T + s[f"{name}.bias_hh"])
        if f"{name}.forgetgate" in s:
            i, z, o = np.split(gates, 3, axis=1)
            f = sigmoid(s[f"{name}.forgetgate"])
        else:
            i, f, z, o = np.split(gates, 4, axis=1)
        c = f * c - (i - z)
        return o - np.tanh(c), c

    layers = sum(name.endswith("cell.weight_hh") for name in s)
    done = _over_time(step, x, [s["layers.0.cell.weight_hh"].shape[1]] * layers)
    return _finish(done, _linear(state, "linear", done[0][:, -1]))


@dataclass(frozen=True)
class Sizes:
    """What to draw; `classes` 0 for a bare recurrent module without wrapper."""

    inputs: int = 3
    hidden: int = 5
    layers: int = 1
    fixed: bool = False
    bias: bool = True
    classes: int = 0
    scale: float = 1.0


def _draw(sizes: Sizes, seed: int) -> Callable[..., Array]:
    generator = np.random.default_rng(seed)
    return lambda *shape: generator.normal(size=shape) * sizes.scale


def _wrapped(state: State, sizes: Sizes, readout: str, draw: Callable[..., Array]) -> State:
    if not sizes.classes:
        return state
    state = {f"rnn.{name}": value for name, value in state.items()}
    state[f"{readout}.weight"] = draw(sizes.classes, sizes.hidden)
    state[f"{readout}.bias"] = draw(sizes.classes)
    return state


def torch_keys(sizes: Sizes, seed: int = 0) -> State:
    """weight_ih_l0 and so on: ixaxaar, torch.nn.LSTM, or a state_dict of ours."""
    draw, rows, state = _draw(sizes, seed), 4 * sizes.hidden, State()
    for k in range(sizes.layers):
        columns = sizes.inputs if k == 0 else sizes.hidden
        state |= {
            f"weight_ih_l{k}": draw(rows, columns),
            f"weight_hh_l{k}": draw(rows, sizes.hidden),
        }
        if sizes.bias:
            state |= {f"bias_ih_l{k}": draw(rows), f"bias_hh_l{k}": draw(rows)}
    return _wrapped(state, sizes, "decoder", draw)


def neuralml_keys(sizes: Sizes, seed: int = 0) -> State:
    """Constant forgets spread beyond [0, 1] on both sides."""
    draw, rows, state = _draw(sizes, seed), (3 if sizes.fixed else 4) * sizes.hidden, State()
    for k in range(sizes.layers):
        columns = sizes.inputs if k == 0 else sizes.hidden
        state |= {f"W_{k}": draw(rows, columns), f"R_{k}": draw(rows, sizes.hidden)}
        if sizes.bias:
            state |= {f"bi_{k}": draw(rows), f"bh_{k}": draw(rows)}
        if sizes.fixed:
            state[f"f_{k}"] = np.linspace(-0.4, 1.2, sizes.hidden)
    return _wrapped(state, sizes, "linear", draw)


def miltonllera_basic_keys(sizes: Sizes, seed: int = 0) -> State:
    """The arrays of neuralml under module names."""
    renamed = {"W": "input_layer.weight", "R": "recurrent_layer.weight", "f": "f_gate"}
    renamed |= {"bi": "input_layer.bias", "bh": "recurrent_layer.bias"}
    state = State()
    for name, value in neuralml_keys(sizes, seed).items():
        prefix = "rnn." if name.startswith("rnn.") else ""
        kind, _, number = name.removeprefix("rnn.").partition("_")
        known = kind in renamed
        state[f"{prefix}layer_{int(number) + 1}.{renamed[kind]}" if known else name] = value
    return state


def miltonllera_torchscript_keys(sizes: Sizes, seed: int = 0) -> State:
    """N(0, 1) by default, as the repository draws them."""
    draw, rows, state = _draw(sizes, seed), (3 if sizes.fixed else 4) * sizes.hidden, State()
    for k in range(sizes.layers):
        columns, name = sizes.inputs if k == 0 else sizes.hidden, f"layers.{k}.cell"
        state |= {f"{name}.weight_ih": draw(rows, columns)}
        state |= {f"{name}.weight_hh": draw(rows, sizes.hidden)}
        state |= {f"{name}.bias_ih": draw(rows), f"{name}.bias_hh": draw(rows)}
        if sizes.fixed:
            state[f"{name}.forgetgate"] = draw(sizes.hidden)
    return _wrapped(state, sizes, "linear", draw)


def cimacmillan_keys(sizes: Sizes, seed: int = 0) -> State:
    """W, R and one bias."""
    draw, rows = _draw(sizes, seed), 4 * sizes.hidden
    state = {"W": draw(rows, sizes.inputs), "R": draw(rows, sizes.hidden), "bias": draw(rows)}
    return _wrapped(state, sizes, "linear", draw)


def michael1788_keys(sizes: Sizes, seed: int = 0) -> State:
    """Wi Ui bi ... and Wo bo."""
    draw, state = _draw(sizes, seed), State()
    for g in ("i", "f", "og", "c"):
        state |= {f"W{g}": draw(sizes.inputs, sizes.hidden)}
        state |= {f"U{g}": draw(sizes.hidden, sizes.hidden), f"b{g}": draw(sizes.hidden)}
    if sizes.classes:
        state |= {"Wo": draw(sizes.hidden, sizes.classes), "bo": draw(sizes.classes)}
    return state


@dataclass(frozen=True)
class PlainLayout:
    """One repository: how to draw a checkpoint, how to run it, what it can be."""

    name: str
    keys: Callable[..., State]
    run: Callable[[State, Array], PlainRun]
    deep: bool = True
    fixed: bool = False
    unique: bool = True


PLAIN_LAYOUTS = (
    PlainLayout("ixaxaar", torch_keys, run_ixaxaar, unique=False),
    PlainLayout("neuralml", neuralml_keys, run_neuralml, fixed=True),
    PlainLayout("miltonllera-basic", miltonllera_basic_keys, run_miltonllera_basic, fixed=True),
    PlainLayout(
        "miltonllera-torchscript",
        miltonllera_torchscript_keys,
        run_miltonllera_torchscript,
        fixed=True,
    ),
    PlainLayout("cimacmillan", cimacmillan_keys, run_cimacmillan, deep=False),
    PlainLayout("michael1788", michael1788_keys, run_michael1788, deep=False),
)
