"""How a simulator reads what NIR leaves open.

NIR 1.0 fixes the differential equations and says nothing of how they are stepped, whether a
neuron fires at its threshold, where a loop takes its step of delay, or where states start. A
`Semantics` is one answer to each; LITERAL is ours, and `presets.py` has those of the simulators
that we know. `nir_steps.py` has the equations in which the answers stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .schedule import Order


@dataclass(frozen=True)
class Semantics:
    """One reading of a NIR graph; the defaults are forward Euler of NIR's own equations.

    integration      a state keeps 1 - dt/tau ("euler") or exp(-dt/tau) ("exponential") a step
    tau_in_steps     time constants count steps, whatever dt is
    raw              kinds of neurons whose input enters as it is, not scaled by dt/tau, r or w_in
    threshold_scaled  a threshold is divided by the node's smallest such scale instead, unless
                     all of them are 1 to five digits
    fires            from the potential "after" its update, or from the one "before" it
    fires_at         also where the potential equals the threshold
    most_spikes      of a neuron in one step; None for as many thresholds as the potential holds
    reset            "value": to v_reset; "subtract": by v_threshold for each spike
    reset_leaks      kinds of neurons that are reset before the leak of their step, not after
    floored          kinds of neurons whose potential is kept at -v_threshold or above
    starts           potentials start at "zero", at v_leak ("leak") or at v_reset ("reset")
    current_leaks    the synaptic current of a CubaLIF starts at and leaks to v_leak as well
    ignores          {"LIF": fields that are read as if they had their default}
    order            who is evaluated when, and so which edges of loops carry last step's value
    delay_cuts       a Delay in a loop is its delay; otherwise the loop is cut besides
    delays           {"Affine": steps by which nodes of this kind hear late}
    edge_delays      ((from, to, steps), ...) beside those
    input_through_recurrence  what feeds a neuron that has an Affine of its own in a loop is
                     multiplied by that Affine as well
    answers_last     the output is what the last node in the order says, whatever leads to Output
    """

    integration: Literal["euler", "exponential"] = "euler"
    tau_in_steps: bool = False
    raw: tuple[str, ...] = ()
    threshold_scaled: bool = False
    fires: Literal["after", "before"] = "after"
    fires_at: bool = False
    most_spikes: int | None = 1
    reset: Literal["value", "subtract"] = "value"
    reset_leaks: tuple[str, ...] = ()
    floored: tuple[str, ...] = ()
    starts: Literal["zero", "leak", "reset"] = "zero"
    current_leaks: bool = False
    ignores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    order: Order = "depth first"
    delay_cuts: bool = True
    delays: dict[str, int] = field(default_factory=dict)
    edge_delays: tuple[tuple[str, str, int], ...] = ()
    input_through_recurrence: bool = False
    answers_last: bool = False


LITERAL = Semantics()
