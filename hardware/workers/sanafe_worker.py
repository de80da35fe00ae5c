"""SANA-FE (GPL-3): joules and seconds of Loihi for spikes that were measured elsewhere.

Its own neurons compute in floating point, so they only listen here: beside every neuron that
receives stands one that replays what the network did. Access and update are paid by the first,
the spike by the second, each with the numbers of SANA-FE's own loihi.yaml.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sanafe

_SILENT = {"threshold": 1e30, "force_update": True}
# the spike of loihi_lif alone; SANA-FE 2.2.9, examples/loihi.yaml
_REPLAY = """\
            - name: replayed[0..1023]
              attributes:
                model: input
                energy_access_neuron: 0.0
                latency_access_neuron: 0.0
                energy_update_neuron: 0.0
                latency_update_neuron: 0.0
                energy_spike_out: 69.3e-12
                latency_spike_out: 30.0e-9
"""
_BEFORE = "            - name: loihi_inputs[0..1023]\n"
_FIGURES = ("synapse_energy", "dendrite_energy", "soma_energy", "network_energy", "sim_time")


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Joules by unit and seconds, tick by tick.

    arriving  spikes of the input channels, then of all groups that fire  # (batch, ticks, sources)
    watched   nothing: states are not asked for
    returns   {"figures": {"synapse_energy": (batch, ticks) float64, ..., "sim_time": ...}}
    """
    del watched
    batch, ticks = arriving.shape[:2]
    architecture = _chip()
    cores = [core for tile in architecture.tiles for core in tile.cores]
    network = sanafe.Network()
    trains = np.minimum(arriving.reshape(batch * ticks, -1), 1).T
    sizes = [len(arrays[f"group{at}.bias"]) for at in range(len(about["groups"]))]
    speakers = [group["spikes"] > 0 for group in about["groups"]]
    channels = len(trains) - int(np.dot(sizes, speakers))
    senders = {"input": _replaying(network, "input", trains[:channels], "loihi_inputs")}
    for neuron in senders["input"].neurons:
        neuron.map_to_core(cores[-1])
    receivers, start = {}, channels
    for at, group in enumerate(about["groups"]):
        name, size = group["name"], sizes[at]
        home = arrays[f"cores{about['placed'].index(name)}"]
        receivers[name] = network.create_neuron_group(
            name,
            size,
            model_attributes=_SILENT,
            soma_hw_name="loihi_lif",
            default_synapse_hw_name="loihi_dense_synapse",
        )
        pairs = [(receivers[name], home)]
        if group["spikes"]:
            slots = _slots(home, receivers, about, arrays)
            senders[name] = _replaying(
                network, f"{name} says", trains[start : start + size], "replayed", slots
            )
            start += size
            pairs.append((senders[name], home))
        for each, where in pairs:
            for neuron, core in zip(each.neurons, where, strict=True):
                neuron.map_to_core(cores[int(core)])
    for at, each in enumerate(about["synapses"]):
        ends = np.argwhere(arrays[f"synapses{at}.weight"] != 0)
        if len(ends) and each["source"] in senders:
            senders[each["source"]].connect_neurons_sparse(
                receivers[each["target"]],
                {"weight": [1.0] * len(ends)},
                [(int(source), int(target)) for target, source in ends],
            )
    chip = sanafe.SpikingChip(architecture)
    chip.load(network)
    told = chip.sim(batch * ticks, perf_trace=True)["perf_trace"]
    return {"figures": {name: np.reshape(told[name], (batch, ticks)) for name in _FIGURES}}


def _chip() -> Any:
    """SANA-FE's Loihi with replaying units beside its own; they count toward no limit of ours."""
    shipped = Path(sanafe.__file__).parent / "examples" / "loihi.yaml"
    text = shipped.read_text().replace(_BEFORE, _REPLAY + _BEFORE)
    text = text.replace("max_neurons_supported: 1024", "max_neurons_supported: 4096")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "loihi.yaml"
        path.write_text(text)
        return sanafe.load_arch(path)


def _replaying(
    network: Any, name: str, trains: Any, unit: str, slots: Sequence[int] | None = None
) -> Any:
    group = network.create_neuron_group(
        name, len(trains), default_synapse_hw_name="loihi_dense_synapse"
    )
    for at, (neuron, train) in enumerate(zip(group.neurons, trains, strict=True)):
        slot = at if slots is None else slots[at]
        neuron.set_attributes(
            soma_hw_name=f"{unit}[{slot}]", model_attributes={"spikes": train.tolist()}
        )
    return group


def _slots(
    home: Any, earlier: Mapping[str, Any], about: Mapping[str, Any], arrays: Mapping[str, Any]
) -> list[int]:
    """A replaying unit of its own for every neuron of a core, counted on over the groups."""
    used = np.zeros(int(home.max(initial=0)) + 1, np.int64)
    for name in list(earlier)[:-1]:
        there = arrays[f"cores{about['placed'].index(name)}"]
        np.add.at(used, there[there < len(used)], 1)
    slots = []
    for core in home:
        slots.append(int(used[core]))
        used[core] += 1
    return slots
