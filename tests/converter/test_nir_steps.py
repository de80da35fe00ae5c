"""Every node's step is its equation, written out here once more, number by number."""

import math

import nir
import numpy as np
import pytest

from converter.nir_steps import SPIKING, STEPS, SYNAPSES
from converter.semantics import LITERAL, Semantics

DT = 1e-3
TWO = np.ones(2)
X = np.random.default_rng(0).normal(size=(12, 3, 2))  # time, batch, entries


def ran(node: nir.NIRNode, how: Semantics = LITERAL, x: np.ndarray = X) -> np.ndarray:
    """What the node says at every step."""
    state: dict[str, np.ndarray] = {}
    return np.stack([STEPS[type(node)](node, each, state, DT, how) for each in x])


def lif(**words: float) -> nir.LIF:
    given = {"tau": 4e-3, "r": 1.5, "v_leak": 0.1, "v_threshold": 0.3, "v_reset": -0.2} | words
    return nir.LIF(**{name: value * TWO for name, value in given.items()})


def cuba(**words: float) -> nir.CubaLIF:
    given = {
        "tau_syn": 5e-3,
        "tau_mem": 2e-3,
        "r": 1.2,
        "v_leak": 0.05,
        "v_threshold": 0.4,
        "v_reset": 0.1,
        "w_in": 3.0,
    } | words
    return nir.CubaLIF(**{name: value * TWO for name, value in given.items()})


def test_stateless_nodes() -> None:
    weight, bias = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0.5, -0.5])
    assert np.array_equal(ran(nir.Affine(weight, bias)), X @ weight.T + bias)
    assert np.array_equal(ran(nir.Linear(weight)), X @ weight.T)
    assert np.array_equal(ran(nir.Scale(bias)), X * bias)
    assert np.array_equal(ran(nir.Threshold(0.2 * TWO)), X > 0.2)
    assert np.array_equal(ran(nir.Output({"output": np.array([2])})), X)
    assert np.array_equal(ran(nir.Delay(DT * TWO)), X), "the edges that leave it are late"


@pytest.mark.parametrize("integration", ["euler", "exponential"])
def test_leaky_nodes(integration: str) -> None:
    how = Semantics(integration=integration)
    share = DT / 4e-3 if integration == "euler" else 1.0 - math.exp(-DT / 4e-3)
    li = ran(nir.LI(tau=4e-3 * TWO, r=1.5 * TWO, v_leak=0.1 * TWO), how)
    fired = ran(lif(), how)
    v, w = np.zeros((3, 2)), np.zeros((3, 2))
    for t, x in enumerate(X):
        v = v + share * ((0.1 - v) + 1.5 * x)
        w = w + share * ((0.1 - w) + 1.5 * x)
        np.testing.assert_allclose(li[t], v, rtol=0.0, atol=1e-15)
        assert np.array_equal(fired[t], w > 0.3)
        w = np.where(w > 0.3, -0.2, w)
    assert 0 < fired.sum() < fired.size


@pytest.mark.parametrize("integration", ["euler", "exponential"])
def test_currents(integration: str) -> None:
    how = Semantics(integration=integration)
    share = (
        (lambda tau: DT / tau) if integration == "euler" else (lambda tau: -math.expm1(-DT / tau))
    )
    words = {"tau_syn": 5e-3 * TWO, "tau_mem": 2e-3 * TWO, "r": 1.2 * TWO, "v_leak": 0.05 * TWO}
    said = ran(nir.CubaLI(**words, w_in=3.0 * TWO), how)
    fired = ran(cuba(), how)
    current, v, w = np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((3, 2))
    for t, x in enumerate(X):
        current = current + share(5e-3) * (-current + 3.0 * x)
        v = v + share(2e-3) * ((0.05 - v) + 1.2 * current)
        w = w + share(2e-3) * ((0.05 - w) + 1.2 * current)
        np.testing.assert_allclose(said[t], v, rtol=0.0, atol=1e-14)
        assert np.array_equal(fired[t], w > 0.4)
        w = np.where(w > 0.4, 0.1, w)
    assert 0 < fired.sum() < fired.size


def test_sums() -> None:
    said = ran(nir.I(r=500.0 * TWO))
    np.testing.assert_allclose(said, np.cumsum(0.5 * X, 0), rtol=0.0, atol=1e-14)
    fired = ran(nir.IF(r=500.0 * TWO, v_threshold=0.4 * TWO, v_reset=-0.1 * TWO))
    v = np.zeros((3, 2))
    for t, x in enumerate(X):
        v = v + DT * 500.0 * x
        assert np.array_equal(fired[t], v > 0.4)
        v = np.where(v > 0.4, -0.1, v)
    assert 0 < fired.sum() < fired.size


def held(node: nir.NIRNode, how: Semantics, inputs: list[float]) -> tuple[list[float], list[float]]:
    """Spikes of one neuron, and its potential after each step."""
    state: dict[str, np.ndarray] = {}
    said, potentials = [], []
    for x in inputs:
        said.append(float(STEPS[type(node)](node, np.full((1, 1), x), state, DT, how)[0, 0]))
        potentials.append(float(state["v"][0, 0]))
    return said, potentials


def one(kind: str = "LIF", **words: float) -> nir.NIRNode:
    """A neuron that keeps half of its potential in a step and has the threshold 1."""
    ones = np.ones(1)
    given = {"tau": 2e-3, "r": 2.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | words
    if kind == "IF":
        given = {"r": 1000.0, "v_threshold": 1.0, "v_reset": 0.0} | words
    if kind == "CubaLIF":
        given = {"tau_syn": 2e-3, "tau_mem": 2e-3, "r": 2.0, "w_in": 2.0} | {
            name: value for name, value in given.items() if name.startswith("v_")
        }
        given |= words
    return getattr(nir, kind)(**{name: value * ones for name, value in given.items()})


@pytest.mark.parametrize(
    ("how", "neuron", "inputs", "spikes", "potentials"),
    [
        # literal: v = v/2 + x, strictly above 1, to v_reset in the same step
        (Semantics(), ("LIF", {}), [1, 1, 0], [0, 1, 0], [1, 0, 0]),
        (Semantics(), ("LIF", {"v_reset": -0.5}), [1.5, 0], [1, 0], [-0.5, -0.25]),
        (Semantics(fires_at=True), ("LIF", {}), [1, 1, 0], [1, 1, 0], [0, 0, 0]),
        # by subtraction, once or as often as the threshold fits
        (Semantics(reset="subtract"), ("LIF", {}), [3.5, 0], [1, 1], [2.5, 0.25]),
        (Semantics(reset="subtract", most_spikes=None), ("LIF", {}), [3.5, 1], [3, 1], [0.5, 0.25]),
        (Semantics(reset="subtract", most_spikes=2), ("LIF", {}), [3.5, 0], [2, 0], [1.5, 0.75]),
        # the spike leaks with the potential where the reset comes first
        (
            Semantics(reset="subtract", reset_leaks=("LIF",)),
            ("LIF", {}),
            [1.5, 0],
            [1, 0],
            [1, 0.5],
        ),
        (
            Semantics(reset="subtract", reset_leaks=("CubaLIF",)),
            ("CubaLIF", {"tau_syn": 1e-3, "w_in": 1.0}),
            [1.5, 0],
            [1, 0],
            [1, 0.5],
        ),
        # from the potential of the step before
        (Semantics(fires="before"), ("LIF", {}), [1.5, 0, 0], [0, 1, 0], [1.5, 0, 0]),
        # raw input: r means nothing, unless the threshold is divided by r dt/tau
        (Semantics(raw=("LIF",)), ("LIF", {"r": 9.0}), [0.5, 0.5], [0, 0], [0.5, 0.75]),
        (Semantics(raw=("IF",)), ("LIF", {"r": 4.0}), [0.5, 0.5], [0, 1], [1, 0]),
        (
            Semantics(raw=("LIF",), threshold_scaled=True),
            ("LIF", {"r": 8.0}),
            [0.2, 0.2],
            [0, 1],
            [0.2, 0],
        ),
        (Semantics(raw=("IF",)), ("IF", {"r": 3.0}), [0.5, 0.75], [0, 1], [0.5, 0]),
        (Semantics(raw=("CubaLIF",)), ("CubaLIF", {"r": 9.0}), [1, 0], [0, 0], [1, 1]),
        (
            Semantics(raw=("CubaLIF",), threshold_scaled=True),
            ("CubaLIF", {"w_in": 8.0}),
            [0.3, 0],
            [1, 0],
            [0, 0.15],
        ),
        (Semantics(floored=("IF",), reset="subtract"), ("IF", {}), [-3, 0.5], [0, 0], [-1, -0.5]),
        # where potentials start and rest
        (Semantics(starts="leak"), ("LIF", {"v_leak": 0.5}), [0, 0], [0, 0], [0.5, 0.5]),
        (Semantics(), ("LIF", {"v_leak": 0.5}), [0, 0], [0, 0], [0.25, 0.375]),
        (Semantics(starts="reset"), ("LIF", {"v_reset": -1.0}), [0, 0], [0, 0], [-0.5, -0.25]),
        (Semantics(starts="leak"), ("IF", {}), [0.5], [0], [0.5]),
        (
            Semantics(starts="leak", current_leaks=True),
            ("CubaLIF", {"v_leak": 0.25}),
            [0, 0],
            [0, 0],
            # I rests at 1/4, so that v moves to 1/4 + 2/4
            [0.5, 0.625],
        ),
        (
            Semantics(ignores={"LIF": ("v_reset",)}),
            ("LIF", {"v_reset": -1.0}),
            [2, 0],
            [1, 0],
            [0, 0],
        ),
        (Semantics(ignores={"LIF": ("r",)}), ("LIF", {"r": 9.0}), [1, 0], [0, 0], [0.5, 0.25]),
        (
            Semantics(ignores={"LIF": ("v_leak",)}),
            ("LIF", {"v_leak": 9.0}),
            [1, 0],
            [0, 0],
            [1, 0.5],
        ),
        (Semantics(ignores={"IF": ("r",)}), ("LIF", {"r": 4.0}), [0.5, 0], [0, 0], [1, 0.5]),
        # time constants in steps: tau = 2 keeps half, whatever dt is
        (Semantics(tau_in_steps=True), ("LIF", {"tau": 2.0}), [1, 0], [0, 0], [1, 0.5]),
    ],
)
def test_a_semantics_is_its_words(how, neuron, inputs, spikes, potentials) -> None:
    kind, words = neuron
    said, found = held(one(kind, **words), how, inputs)
    assert said == spikes
    np.testing.assert_allclose(found, potentials, rtol=0.0, atol=1e-15)


def test_thresholds_fire_where_they_are_met_if_asked() -> None:
    met = np.array([[0.2, 0.3]])
    node = nir.Threshold(0.2 * TWO)
    assert np.array_equal(ran(node, x=met[None])[0], [[0, 1]])
    assert np.array_equal(ran(node, Semantics(fires_at=True), met[None])[0], [[1, 1]])


def test_every_kind_that_fires_or_sums_is_known() -> None:
    assert set(SPIKING) | set(SYNAPSES) <= set(STEPS)
    assert {kind.__name__ for kind in STEPS} == {
        *("Affine", "CubaLI", "CubaLIF", "Delay", "I", "IF"),
        *("LI", "LIF", "Linear", "Output", "Scale", "Threshold"),
    }
