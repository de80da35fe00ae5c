"""Joules and seconds of Loihi 1: SANA-FE's model fed with measured spikes, and a table."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from spiking.errors import MissingSoftwareError, WorkerError
from spiking.guarded import SECONDS

from ..configuration import Configuration
from ..energy import ESTIMATE, EnergyTable, Estimate, metered, unavailable
from ..run import Run
from ..simulator import Simulator, answered

SANAFE = Simulator("sanafe", "sanafe 2.2.9", "scripts/vendors sanafe", apart=True)
# of a run
SAMPLES = 4
# synaptic operations that it gets through in a second, at least; loading a network takes SECONDS
_A_SECOND = 2e6
_UNITS = ("synapse", "dendrite", "soma", "network")
_SOURCE = "SANA-FE 2.2.9, examples/loihi.yaml; Boyle et al. 2025, doi 10.1109/TCAD.2025.3537971"
_NODE = "Intel 14 nm"

DAVIES = EnergyTable(
    name="Davies et al. 2018",
    node=_NODE,
    scope="synapses, neuron updates as if all were active, spikes within a tile; no static power",
    source="Davies et al. 2018, IEEE Micro 38(1), doi 10.1109/MM.2018.112130359",
    synop=23.6e-12,
    update=81e-12,
    spike=1.7e-12,
)
# by counted events and Intel's own numbers
table_joules = metered(DAVIES)


def sanafe_joules(configuration: Configuration, run: Run) -> Estimate:
    """By units of the chip, as SANA-FE adds them up."""
    told = _figures(configuration, run)
    if isinstance(told, str):
        return unavailable("energy", "J", told)
    parts = {unit: float(told[f"{unit}_energy"].sum(1).mean()) for unit in _UNITS}
    split = ", ".join(f"{unit} {joules:.3g} J" for unit, joules in parts.items() if joules)
    scope = f"{split}; {_scope(run)}; every synapse as a dense one; no static power"
    return Estimate("energy", sum(parts.values()), "J", ESTIMATE, "SANA-FE", _NODE, scope, _SOURCE)


def sanafe_seconds(configuration: Configuration, run: Run) -> Estimate:
    """Ticks end when the slowest core is done and all have met."""
    told = _figures(configuration, run)
    if isinstance(told, str):
        return unavailable("latency", "s", told)
    ticks = told["sim_time"]
    scope = f"{ticks.mean():.3g} s a tick, slowest {ticks.max():.3g} s; {_scope(run)}"
    whole = float(ticks.sum(1).mean())
    return Estimate("latency", whole, "s", ESTIMATE, "SANA-FE", _NODE, scope, _SOURCE)


def _scope(run: Run) -> str:
    return f"{min(SAMPLES, len(run.arriving))} samples of {run.ticks} ticks"


@functools.lru_cache(maxsize=2)
def _figures(configuration: Configuration, run: Run) -> Mapping[str, Any] | str:
    """Of the first samples, tick by tick  # {"soma_energy": (batch, ticks), ...}; or why not."""
    rasters = [
        run.trace.spikes[group.name] for group in configuration.network.groups if group.spikes
    ]
    said = np.concatenate([run.arriving, *rasters], axis=2)[:SAMPLES].astype(np.int64)
    seconds = SECONDS + float(run.synops[:SAMPLES].sum()) / _A_SECOND
    try:
        return dict(answered(SANAFE, (configuration, said, []), seconds=seconds)["figures"])
    except (MissingSoftwareError, WorkerError, LookupError) as error:
        return str(error)
