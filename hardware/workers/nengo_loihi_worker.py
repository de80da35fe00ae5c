"""The chip emulator of nengo-loihi (Apache-2.0; needs nengo, GPL-2), one block a core."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from nengo_loihi.block import Axon, LoihiBlock, Synapse
from nengo_loihi.emulator.interface import EmulatorInterface
from nengo_loihi.inputs import SpikeInput

_WHOLE = 4096
_HIGH = 2**23 - 1
_DENSE, _SPARSE = 3, 0
_PARTS = ("threshold", "bias", "current_decay", "potential_decay")


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Sample by sample, each on a fresh emulator; "used" is what the blocks say they take."""
    if about["entry"]["way"] == "graded":
        raise ValueError("spikes of this emulator are binary")
    ticks, channels = arriving.shape[1:]
    names = [group["name"] for group in about["groups"]]
    home = {name: arrays[f"cores{about['placed'].index(name)}"] for name in names}
    blocks = _blocks(about, arrays, home)
    wires = _synapses(about, arrays, home, blocks)
    found: dict[str, list[Any]] = {"spiked": [], "voltage": [], "current": []}
    for sample in arriving:
        spikes = SpikeInput(channels)
        for wire in wires:
            wire(spikes)
        for tick, row in enumerate(sample):
            spikes.add_spikes(tick + 1, np.nonzero(row)[0])
        model = SimpleNamespace(blocks=blocks, inputs=[spikes], probes=[], dt=0.001)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            emulator = EmulatorInterface(model, seed=0)
            states = _states(emulator, ticks)
        for name, each in states.items():
            found[name].append(each)
    whole = {name: np.stack(each) for name, each in found.items()}
    rows = _rows(names, home)
    fires = [group["name"] for group in about["groups"] if group["spikes"]]
    use = [block.utilization() for block in blocks]
    return {
        "spikes": {name: whole["spiked"][:, :, rows[name]].astype(np.uint8) for name in fires},
        "potentials": {name: whole["voltage"][:, :, rows[name]] for name in watched},
        "currents": {name: whole["current"][:, :, rows[name]] for name in watched},
        "used": {name: np.array([each[name][0] for each in use]) for name in use[0]},
    }


def _states(emulator: Any, ticks: int) -> dict[str, Any]:
    kept: dict[str, list[Any]] = {"spiked": [], "voltage": [], "current": []}
    for _ in range(ticks):
        emulator.step()
        for name, each in kept.items():
            each.append(getattr(emulator.compartment, name).copy())
    return {name: np.stack(each) for name, each in kept.items()}


def _rows(names: Sequence[str], home: Mapping[str, Any]) -> dict[str, Any]:
    """Where a group's neurons lie among all compartments: cores in order, groups in order."""
    order = [
        (name, int(at))
        for core in range(1 + max(int(each.max()) for each in home.values()))
        for name in names
        for at in np.nonzero(home[name] == core)[0]
    ]
    rows = {name: np.zeros(len(home[name]), np.int64) for name in names}
    for row, (name, at) in enumerate(order):
        rows[name][at] = row
    return rows


def _blocks(
    about: Mapping[str, Any], arrays: Mapping[str, Any], home: Mapping[str, Any]
) -> list[Any]:
    blocks = []
    for core in range(1 + max(int(each.max()) for each in home.values())):
        parts: dict[str, list[Any]] = {part: [] for part in _PARTS}
        for at, group in enumerate(about["groups"]):
            here = home[group["name"]] == core
            for part in _PARTS:
                parts[part].append(arrays[f"group{at}.{part}"][here])
        of = {part: np.concatenate(each).astype(np.int32) for part, each in parts.items()}
        block = LoihiBlock(len(of["bias"]), label=f"core {core}")
        body = block.compartment
        body.vth, body.bias = of["threshold"], of["bias"]
        body.decay_u = _WHOLE - 1 - of["current_decay"]
        body.decay_v = _WHOLE - of["potential_decay"]
        body.refract_delay[:] = 1
        body.scale_u = body.scale_v = False
        body.vmin, body.vmax = -_HIGH, _HIGH
        blocks.append(block)
    return blocks


def _synapses(
    about: Mapping[str, Any],
    arrays: Mapping[str, Any],
    home: Mapping[str, Any],
    blocks: Sequence[Any],
) -> list[Any]:
    """Synapses on every block and the axons that reach them; those of inputs are made anew.

    A block keeps a connection dense (weights alone, from its first compartment to the last that
    is reached) or sparse (weights and their places), whichever takes fewer bits.
    """
    inputs = []
    for at, each in enumerate(about["synapses"]):
        if each["delay"] != 1 or each["drop"]:
            raise ValueError("a synapse of this emulator takes one tick and loses no bits")
        weight = arrays[f"synapses{at}.weight"] << each["shift"]
        for core, block in enumerate(blocks):
            here = _places(about, home, each["target"], core)
            rows = weight[home[each["target"]] == core]
            used = np.nonzero((rows != 0).any(axis=0))[0]
            if not len(used):
                continue
            synapse = _smallest(rows[:, used], here, each["shift"])
            block.add_synapse(synapse)
            axon_of = np.full(weight.shape[1], -1)
            axon_of[used] = np.arange(len(used))
            if each["source"] == "input":
                inputs.append(_input_axon(synapse, axon_of))
                continue
            for other, sender in enumerate(blocks):
                mine = np.full(sender.n_neurons, -1)
                there = _places(about, home, each["source"], other)
                mine[there] = axon_of[home[each["source"]] == other]
                if (mine >= 0).any():
                    axon = Axon(int((mine >= 0).sum()))
                    axon.target = synapse
                    axon.set_compartment_axon_map(mine)
                    sender.add_axon(axon)
    return inputs


def _input_axon(synapse: Any, axon_of: Any) -> Any:
    def wire(spikes: Any) -> None:
        axon = Axon(int((axon_of >= 0).sum()))
        axon.target = synapse
        axon.set_compartment_axon_map(axon_of)
        spikes.add_axon(axon)

    return wire


def _places(about: Mapping[str, Any], home: Mapping[str, Any], name: str, core: int) -> Any:
    """Compartments of a core that a group's neurons on it are."""
    start = 0
    for group in about["groups"]:
        count = int((home[group["name"]] == core).sum())
        if group["name"] == name:
            return np.arange(start, start + count)
        start += count
    raise KeyError(name)


def _smallest(rows: Any, places: Any, shift: int) -> Any:
    wide = np.zeros((int(places[(rows != 0).any(axis=1)].max()) + 1, rows.shape[1]), np.int64)
    kept = places < len(wide)
    wide[places[kept]] = rows[kept]
    made = []
    for form in (_DENSE, _SPARSE):
        synapse = Synapse(rows.shape[1])
        chosen = [
            np.arange(len(wide)) if form == _DENSE else np.nonzero(column)[0] for column in wide.T
        ]
        synapse._set_weights_indices(
            [column[at].astype(np.int32) for column, at in zip(wide.T, chosen, strict=True)],
            indices=[at.astype(np.int32) for at in chosen],
            weight_dtype=np.int32,
            compression=form,
        )
        synapse.format(weight_exp=shift - 6)
        made.append(synapse)
    return min(made, key=lambda synapse: synapse.bits())
