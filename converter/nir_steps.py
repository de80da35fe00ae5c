"""One step of every NIR node that the interpreter understands, under given semantics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from .semantics import Semantics

Array = NDArray[np.float64]
State = dict[str, Array]
Step = Callable[[Any, Array, State, float, Semantics], Array]


def width_of(node: nir.NIRNode) -> int:
    """Entries of what a node says at one step; 1 for one that does not tell, which broadcasts."""
    if isinstance(node, nir.Input):
        return int(np.prod(next(iter(node.output_type.values())), dtype=object))
    arrays = [np.asarray(value) for name, value in vars(node).items() if not name.endswith("_type")]
    arrays = [each for each in arrays if each.ndim]
    return len(arrays[0]) if arrays else 1


def _affine(node: Any, x: Array, _state: State, _dt: float, _how: Semantics) -> Array:
    y: Array = x @ node.weight.T + node.bias
    return y


def _linear(node: Any, x: Array, _state: State, _dt: float, _how: Semantics) -> Array:
    y: Array = x @ node.weight.T
    return y


def _scale(node: Any, x: Array, _state: State, _dt: float, _how: Semantics) -> Array:
    y: Array = x * node.scale
    return y


def _threshold(node: Any, x: Array, _state: State, _dt: float, how: Semantics) -> Array:
    over = x >= node.threshold if how.fires_at else x > node.threshold
    spikes: Array = over.astype(np.float64)
    return spikes


def _identity(_node: Any, x: Array, _state: State, _dt: float, _how: Semantics) -> Array:
    return x


def _share(tau: Array, dt: float, how: Semantics) -> Array:
    """The share of a state that one step replaces: dt/tau, or 1 - exp(-dt/tau)."""
    rate = (1.0 if how.tau_in_steps else dt) / np.asarray(tau, dtype=np.float64)
    found: Array = rate if how.integration == "euler" else -np.expm1(-rate)
    return found


def _field(node: Any, name: str, default: float, how: Semantics) -> Any:
    return how.meant(type(node).__name__, name, getattr(node, name), default)


def _start(node: Any, x: Array, state: State, how: Semantics) -> Array:
    if "v" in state:
        return state["v"]
    leak = getattr(node, "v_leak", 0.0) if how.starts_at_leak else 0.0
    return np.zeros_like(x) + leak


def _leak(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    """Tau v' = (v_leak - v) + r x, one step of dt seconds."""
    v, share = _start(node, x, state, how), _share(node.tau, dt, how)
    if how.raw_input:
        return (1.0 - share) * v + x
    y: Array = v + share * (
        (_field(node, "v_leak", 0.0, how) - v) + _field(node, "r", 1.0, how) * x
    )
    return y


def _sum(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    """One step of v' = r x, dt seconds."""
    v = _start(node, x, state, how)
    return v + x if how.raw_input else v + dt * _field(node, "r", 1.0, how) * x


def _fire(
    node: Any,
    v: Array,
    state: State,
    how: Semantics,
    *,
    scale: Array | float = 1.0,
    share: Array | float = 0.0,
) -> Array:
    """S = [v > v_threshold]; v := v_reset where it fired.

    scale  of the input, which raw input left out
    share  of the potential that leaks in a step
    """
    watched = v if how.fires == "after" else _start(node, v, state, how)
    limit = node.v_threshold / np.min(scale) if how.threshold_scaled else node.v_threshold
    fired = watched >= limit if how.fires_at else watched > limit
    count: Array = fired.astype(np.float64)
    if how.most_spikes != 1:
        held = np.floor(watched / limit)
        count = np.where(fired, np.minimum(held, how.most_spikes or np.inf), 0.0)
    if how.reset == "subtract":
        leaked = share if type(node).__name__ in how.reset_leaks else 0.0
        state["v"] = v - count * limit * (1.0 - leaked)
    else:
        state["v"] = np.where(fired, _field(node, "v_reset", 0.0, how), v)
    return count


def _integrator(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    state["v"] = _sum(node, x, state, dt, how)
    return state["v"]


def _if(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    return _fire(node, _sum(node, x, state, dt, how), state, how)


def _li(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    state["v"] = _leak(node, x, state, dt, how)
    return state["v"]


def _lif(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    share = _share(node.tau, dt, how)
    scale = share * _field(node, "r", 1.0, how)
    v = _leak(node, x, state, dt, how)
    return _fire(node, v, state, how, scale=scale, share=share)


def _cuba(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    """tau_syn I' = -I + w_in x, then the leaky membrane on I.

    I := (1 - share) I + share w_in x, written as decay and gain so that w_in = tau_syn/dt gives
    the gain 1 to the last place.
    """
    rate, leak = _share(node.tau_syn, dt, how), _share(node.tau_mem, dt, how)
    rest = _field(node, "v_leak", 0.0, how)
    silence = np.zeros_like(x) + (rest if how.current_leaks else 0.0)
    current, v = state.get("i", silence), _start(node, x, state, how)
    if how.raw_input:
        state["i"] = (1.0 - rate) * current + x
        return (1.0 - leak) * v + state["i"]
    state["i"] = (1.0 - rate) * current + (rate * _field(node, "w_in", 1.0, how)) * x
    if how.current_leaks:
        state["i"] = state["i"] + rate * rest
    y: Array = (1.0 - leak) * v + leak * rest + (leak * _field(node, "r", 1.0, how)) * state["i"]
    return y


def _cuba_li(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    state["v"] = _cuba(node, x, state, dt, how)
    return state["v"]


def _cuba_lif(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    scale = _share(node.tau_syn, dt, how) * _field(node, "w_in", 1.0, how)
    share = _share(node.tau_mem, dt, how)
    return _fire(node, _cuba(node, x, state, dt, how), state, how, scale=scale, share=share)


STEPS: dict[type, Step] = {
    nir.Affine: _affine,
    nir.CubaLI: _cuba_li,
    nir.CubaLIF: _cuba_lif,
    nir.Delay: _identity,  # the edges that leave it are late
    nir.I: _integrator,
    nir.IF: _if,
    nir.LI: _li,
    nir.LIF: _lif,
    nir.Linear: _linear,
    nir.Output: _identity,
    nir.Scale: _scale,
    nir.Threshold: _threshold,
}
SPIKING = (nir.CubaLIF, nir.IF, nir.LIF, nir.Threshold)
SYNAPSES = (nir.Affine, nir.Linear)
# what enters a state that leaks and is not a membrane
LEAKS = (nir.CubaLI, nir.CubaLIF, nir.LI)
