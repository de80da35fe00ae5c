"""How a simulator reads what NIR leaves open, and the readings of those we know, as presets.

NIR 1.0 fixes the differential equations and says nothing of how they are stepped, whether a
neuron fires at its threshold, where a loop takes its step of delay, or where states start. A
`Semantics` is one answer to each; LITERAL is ours. Each preset was fitted to the released package
that it names and is compared with it, spike for spike, in tests/converter/test_presets.py. What a
preset predicts is what a user of that package will see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .schedule import Order


@dataclass(frozen=True)
class Semantics:
    """One reading of a NIR graph.

    integration      "euler": decay 1 - dt/tau; "exponential": decay exp(-dt/tau)
    raw_input        inputs enter a leaky state as they are, not scaled by dt/tau, r or w_in
    threshold_scaled  and the threshold is divided by the node's smallest such scale instead
    fires            "after" the update of the potential, or from the one "before" it
    fires_at         also where the potential equals the threshold
    reset            "value": to v_reset; "subtract": by v_threshold for each spike
    reset_leaks      kinds of neurons that are reset before the leak of their step, not after
    most_spikes      of a neuron in one step; None for as many thresholds as the potential holds
    ignores          {"LIF": fields that are read as if they had their default}
    tau_in_steps     time constants count steps, whatever dt is
    starts_at_leak   potentials start at v_leak instead of 0
    current_leaks    the synaptic current of a CubaLIF starts at and leaks to v_leak as well
    order            who is evaluated when, and so which edges carry last step's value
    delay_cuts       a Delay in a loop is its delay; otherwise the loop is cut besides
    synapse_delay    steps that every Affine and Linear takes; its bias comes at once
    leak_delay       steps that everything takes into a synaptic current or an LI
    edge_delays      ((from, to, steps), ...) beside those
    input_through_recurrence  what feeds a neuron that has an Affine of its own in a loop is
                     multiplied by that Affine as well
    """

    integration: Literal["euler", "exponential"] = "euler"
    raw_input: bool = False
    threshold_scaled: bool = False
    fires: Literal["after", "before"] = "after"
    fires_at: bool = False
    reset: Literal["value", "subtract"] = "value"
    reset_leaks: tuple[str, ...] = ()
    most_spikes: int | None = 1
    ignores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tau_in_steps: bool = False
    starts_at_leak: bool = False
    current_leaks: bool = False
    order: Order = "depth first"
    delay_cuts: bool = True
    synapse_delay: int = 0
    leak_delay: int = 0
    edge_delays: tuple[tuple[str, str, int], ...] = ()
    input_through_recurrence: bool = False

    def meant(self, kind: str, name: str, value: object, default: object) -> object:
        """A field of a node of this kind as it is read."""
        return default if name in self.ignores.get(kind, ()) else value


LITERAL = Semantics()

PRESETS: dict[str, Semantics] = {
    "snntorch": Semantics(
        raw_input=True,
        threshold_scaled=True,
        ignores={"LIF": ("v_reset",), "CubaLIF": ("v_reset",)},
        order="nirtorch",
        input_through_recurrence=True,
    ),
    "norse": Semantics(
        ignores={"LIF": ("r", "v_reset"), "CubaLIF": ("v_reset",)},
        starts_at_leak=True,
        current_leaks=True,
        order="nirtorch.load",
    ),
    "spikingjelly": Semantics(fires_at=True, order="nirtorch"),
    "sc_neurocore": Semantics(starts_at_leak=True, delay_cuts=False),
    "sinabs": Semantics(
        integration="exponential",
        raw_input=True,
        fires_at=True,
        reset="subtract",
        most_spikes=None,
        ignores={"LIF": ("r", "v_leak", "v_reset"), "IF": ("r", "v_reset")},
        tau_in_steps=True,
        order="nirtorch.load",
    ),
    "spyx": Semantics(raw_input=True, fires="before", reset="subtract", reset_leaks=("CubaLIF",)),
    # a Dense process hands on what it received one step before
    "lava": Semantics(synapse_delay=1),
    # what goes through a synapse, which is where its currents leak, arrives in the next step
    "nengo": Semantics(integration="exponential", leak_delay=1),
}
