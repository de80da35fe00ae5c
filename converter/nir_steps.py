"""One step of every NIR node that the interpreter understands, under given semantics.

With k the share of a state that a step replaces, dt/tau or 1 - exp(-dt/tau):

    LI, LIF        v := v + k_mem ((v_leak - v) + r x)
    CubaLI(F)      I := (1 - k_syn) I + k_syn w_in x;  v := (1 - k_mem) v + k_mem (v_leak + r I)
    I, IF          v := v + dt r x
    LIF, IF, CubaLIF   S := [v > v_threshold];  v := v_reset where S

x input, v potential, I synaptic current, S spikes, all per entry and dimensionless; tau and dt in
seconds. Raw input replaces every term in x by x.
"""

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


def _kept_and_replaced(tau: Array, dt: float, how: Semantics) -> tuple[Array, Array]:
    """Shares of a state that a step keeps and replaces; they sum to 1."""
    rate = (1.0 if how.tau_in_steps else dt) / tau
    if how.integration == "euler":
        return 1.0 - rate, rate
    return np.exp(-rate), -np.expm1(-rate)


def _field(node: Any, name: str, how: Semantics) -> Any:
    """A field as it is read: 1 for an ignored gain, 0 for an ignored potential."""
    kind = type(node).__name__
    gain = name in ("r", "w_in")
    if name in how.ignores.get(kind, ()) or (gain and kind in how.raw):
        return 1.0 if gain else 0.0
    return getattr(node, name)


def _before(node: Any, x: Array, state: State, how: Semantics) -> Array:
    """The potential that the step before left."""
    if "v" in state:
        return state["v"]
    names = {"leak": "v_leak", "reset": "v_reset", "zero": ""}
    start = getattr(node, names[how.starts], 0.0)
    return np.zeros_like(x) + start


def _is_raw(node: Any, how: Semantics) -> bool:
    return type(node).__name__ in how.raw


def _leaky(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    kept, share = _kept_and_replaced(node.tau, dt, how)
    v, rest = _before(node, x, state, how), _field(node, "v_leak", how)
    y: Array = (
        kept * v + share * rest + x
        if _is_raw(node, how)
        else v + share * ((rest - v) + _field(node, "r", how) * x)
    )
    return y


def _summing(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    gain = 1.0 if _is_raw(node, how) else dt * _field(node, "r", how)
    y: Array = _before(node, x, state, how) + gain * x
    return y


def _cuba(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    kept_syn, share_syn = _kept_and_replaced(node.tau_syn, dt, how)
    kept_mem, share_mem = _kept_and_replaced(node.tau_mem, dt, how)
    raw, rest = _is_raw(node, how), _field(node, "v_leak", how)
    silence = rest if how.current_leaks else 0.0
    current = state.get("i", np.zeros_like(x) + silence)
    # the gains first, so that w_in = tau_syn/dt makes 1 of them to the last place
    fed = x if raw else (share_syn * _field(node, "w_in", how)) * x
    state["i"] = kept_syn * current + fed
    if how.current_leaks:
        state["i"] = state["i"] + share_syn * silence
    driven = state["i"] if raw else (share_mem * _field(node, "r", how)) * state["i"]
    y: Array = kept_mem * _before(node, x, state, how) + share_mem * rest + driven
    return y


def _fired(node: Any, v: Array, state: State, dt: float, how: Semantics) -> Array:
    """Spikes of a neuron whose potential is v, and the potential after them."""
    watched = v if how.fires == "after" else _before(node, v, state, how)
    limit = node.v_threshold
    if how.threshold_scaled:
        scale = _scale_of(node, dt, how)
        limit = limit if np.allclose(scale, 1.0) else limit / np.min(scale)
    count: Array = (watched >= limit if how.fires_at else watched > limit).astype(np.float64)
    if how.most_spikes != 1:
        held = np.floor(watched / limit)
        count = np.where(count > 0, np.minimum(held, how.most_spikes or np.inf), 0.0)
    if how.reset == "value":
        state["v"] = np.where(count > 0, _field(node, "v_reset", how), v)
    else:
        kept: Array | float = 1.0
        if type(node).__name__ in how.reset_leaks:
            tau = node.tau_mem if isinstance(node, nir.CubaLIF) else node.tau
            kept, _ = _kept_and_replaced(tau, dt, how)
        state["v"] = v - count * limit * kept
    if type(node).__name__ in how.floored:
        state["v"] = np.maximum(state["v"], -node.v_threshold)
    return count


def _scale_of(node: Any, dt: float, how: Semantics) -> Any:
    """What a literal reading multiplies an input by on its way into the first state."""
    if isinstance(node, nir.IF):
        return dt * node.r
    tau, gain = (node.tau_syn, node.w_in) if isinstance(node, nir.CubaLIF) else (node.tau, node.r)
    return _kept_and_replaced(tau, dt, how)[1] * gain


def _i(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    state["v"] = _summing(node, x, state, dt, how)
    return state["v"]


def _if(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    return _fired(node, _summing(node, x, state, dt, how), state, dt, how)


def _li(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    state["v"] = _leaky(node, x, state, dt, how)
    return state["v"]


def _lif(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    return _fired(node, _leaky(node, x, state, dt, how), state, dt, how)


def _cuba_li(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    state["v"] = _cuba(node, x, state, dt, how)
    return state["v"]


def _cuba_lif(node: Any, x: Array, state: State, dt: float, how: Semantics) -> Array:
    return _fired(node, _cuba(node, x, state, dt, how), state, dt, how)


STEPS: dict[type, Step] = {
    nir.Affine: _affine,
    nir.CubaLI: _cuba_li,
    nir.CubaLIF: _cuba_lif,
    nir.Delay: _identity,  # the edges that leave it are late
    nir.I: _i,
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
