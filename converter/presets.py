"""The readings of the simulators that we know, as presets of the interpreter.

Each was fitted to the released package that its comment names and is compared with it, spike for
spike, in tests/converter/test_presets.py. What a preset predicts is what a user of that package
will see; what a package refuses instead is said by `support`.
"""

from __future__ import annotations

from .semantics import Semantics

_NEURONS = ("CubaLI", "CubaLIF", "I", "IF", "LI", "LIF")

PRESETS: dict[str, Semantics] = {
    # lava-nc 0.10.0, which has no importer: as consumers/workers/lava_worker.py maps the nodes.
    # A Dense process hands on what it received one step before
    "lava": Semantics(delays={"Affine": 1, "Linear": 1}),
    # nengo 4.1.0, likewise: what goes through a Lowpass synapse arrives one step later
    "nengo": Semantics(integration="exponential", delays={"CubaLI": 1, "CubaLIF": 1, "LI": 1}),
    # norse 1.1.0, norse.torch.from_nir(dt=), by nirtorch.load
    "norse": Semantics(
        raw=("IF",),
        ignores={"IF": ("v_reset",), "LIF": ("r", "v_reset"), "CubaLIF": ("v_reset",)},
        starts="leak",
        current_leaks=True,
        order="nirtorch.load",
        answers_last=True,
    ),
    # sc-neurocore 3.16.0, nir_bridge.from_nir(dt=)
    "sc_neurocore": Semantics(starts="leak", order="depth first from each", delay_cuts=False),
    # sinabs 3.1.3, from_nir, by nirtorch.load
    "sinabs": Semantics(
        integration="exponential",
        tau_in_steps=True,
        raw=_NEURONS,
        fires_at=True,
        most_spikes=None,
        reset="subtract",
        floored=("IF",),
        order="nirtorch.load",
        answers_last=True,
    ),
    # snnTorch 1.0.0, import_from_nir, by nirtorch.nir_to_torch; its step is 1e-4 s
    "snntorch": Semantics(
        raw=_NEURONS,
        threshold_scaled=True,
        ignores={"CubaLIF": ("v_reset",), "LIF": ("v_reset",)},
        order="nirtorch",
        input_through_recurrence=True,
    ),
    # SpikingJelly 2.0.0, nir_exchange.import_from_nir(dt=), by nirtorch.nir_to_torch
    "spikingjelly": Semantics(fires_at=True, starts="reset", order="nirtorch"),
    # spyx 1.0.0, nir.from_nir(dt=), which follows the first edge of each node
    "spyx": Semantics(
        raw=_NEURONS,
        fires="before",
        reset="subtract",
        reset_leaks=("CubaLIF",),
        ignores={"CubaLIF": ("v_leak",), "LIF": ("v_leak",)},
    ),
}
