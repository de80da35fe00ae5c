"""Akida's software backend (package akida, proprietary): the cells; the host's loop is numpy.

The bank that runs here is first mapped to a virtual Akida Pico, and what the mapper says is told. A
mapped model runs on a device alone, so that a twin of it, which is not mapped, is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import akida
import numpy as np

_SHIFT = 12  # bits of what a step keeps
_BITS = 8  # of what the host sends
_MEMORIES = ("fsram_64b_size", "tsram_51b_size", "stsram_32b_size", "evsram_32b_size")


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Tick by tick: gates on the host, the bank, then what the host makes of its states.

    returns  beside the rest {"mapped": {"program bytes": (), "fsram_64b_size": (), ...}}
    """
    batch, ticks, _ = arriving.shape
    groups = [_Group(about, arrays, at) for at in range(len(about["groups"]))]
    bank = _Bank([group for group in groups if group.units], batch)
    feeding = _at_once(bank.groups)
    early = [group for group in groups if group.name in feeding]
    late = [group for group in groups if group.name not in feeding]
    if _at_once(early) - feeding - {"input"}:
        raise ValueError("what feeds the bank must not wait for its states of the same tick")
    said = {group.name: np.zeros((batch, ticks, group.size), np.int64) for group in groups}
    states: dict[str, dict[str, Any]] = {
        kind: {name: np.zeros_like(said[name]) for name in watched}
        for kind in ("potentials", "currents")
    }

    def speak(group: _Group, currents: Any, tick: int) -> None:
        potentials = currents + group.bias
        fires = group.fires(potentials)
        said[group.name][:, tick] = fires
        if group.name in watched:
            states["currents"][group.name][:, tick] = currents
            states["potentials"][group.name][:, tick] = np.where(fires, 0, potentials)

    heard = {"input": arriving, **said}
    for tick in range(ticks):
        for group in early:
            speak(group, group.brought(heard, tick), tick)
        kept = bank.step([group.brought(heard, tick) for group in bank.groups])
        for group in late:
            speak(group, kept[group.name] if group.units else group.brought(heard, tick), tick)
    return {"spikes": said, **states, "mapped": bank.mapped}


class _Feed(NamedTuple):
    source: str
    weight: Any
    delay: int
    shift: int
    drop: int


class _Group:
    """Neurons on the host; `units` of them see states of the bank, the others what is brought."""

    def __init__(self, about: Mapping[str, Any], arrays: Mapping[str, Any], at: int) -> None:
        given = about["groups"][at]
        self.name, self.most = given["name"], given["spikes"]
        self.bias, self.threshold = arrays[f"group{at}.bias"], arrays[f"group{at}.threshold"]
        self.size = len(self.bias)
        if arrays[f"group{at}.potential_decay"].any() or self.most > 1:
            raise ValueError(f"{self.name}: neurons of the host keep nothing and fire once")
        self.feeds = [
            _Feed(
                weight=arrays[f"synapses{k}.weight"],
                **{name: each[name] for name in ("source", "delay", "shift", "drop")},
            )
            for k, each in enumerate(about["synapses"])
            if each["target"] == self.name
        ]
        keep = arrays[f"group{at}.current_decay"]
        self.held = np.nonzero(keep)[0]
        rows = np.concatenate([each.weight[self.held] for each in self.feeds], axis=1)
        _, self.first, which = np.unique(
            np.concatenate([keep[self.held, None], rows], axis=1),
            axis=0,
            return_index=True,
            return_inverse=True,
        )
        self.which, self.units = which.reshape(-1), len(self.first)
        self.keep = keep[self.held][self.first]
        self.scale = np.maximum(np.abs(rows).max(axis=1, initial=0)[self.first], 1)

    def brought(self, heard: Mapping[str, Any], tick: int) -> Any:
        """What synapses bring in this tick.  # (batch, neurons)"""
        total = np.zeros((len(heard["input"]), self.size), np.int64)
        for each in self.feeds:
            if tick >= each.delay:
                spikes = heard[each.source][:, tick - each.delay]
                total += ((spikes @ each.weight.T) >> each.drop) << each.shift
        return total

    def fires(self, potentials: Any) -> Any:
        """Above a threshold, or below a negative one."""
        bar = self.threshold
        if not self.most:
            return np.zeros(potentials.shape, bool)
        return np.where(bar < 0, potentials < bar, potentials > bar)


def _at_once(groups: Sequence[_Group]) -> set[str]:
    """Who feeds them in the same tick."""
    return {each.source for group in groups for each in group.feeds if not each.delay}


class _Bank:
    """All states of a network in one StatefulRecurrent layer, a model for every sample."""

    def __init__(self, groups: Sequence[_Group], batch: int) -> None:
        self.groups = groups
        keep = np.concatenate([np.zeros(0, np.int64), *(group.keep for group in groups)])
        self.scale = np.concatenate([np.zeros(0, np.int64), *(group.scale for group in groups)])
        if (self.scale & (self.scale - 1)).any():
            raise ValueError("a spike adds to a state what is no power of two")
        self.size = len(keep)
        self.width = 1 << max(self.size - 1, 0).bit_length()
        self.models = [self._model(keep) for _ in range(batch if self.size else 0)]
        self.mapped = _mapped(self._model(keep)) if self.size else {}

    def _model(self, keep: Any) -> Any:
        wide = self.width
        model = akida.Model()
        model.add(akida.InputData((1, 1, wide), input_bits=_BITS, name="sent"))
        layer = akida.StatefulRecurrent(
            wide, wide, activation=akida.ActivationType.NoActivation, output_bits=32, name="bank"
        )
        model.add(layer)
        one = np.eye(wide, dtype=np.int8)
        kept, shifts = np.zeros(wide, np.int16), np.full(wide, _SHIFT, np.int8)
        kept[: self.size] = keep
        shifts[: self.size] += np.log2(self.scale).astype(np.int8)
        layer.set_variable("A_real", kept)
        layer.set_variable("internal_state_outputs_shift", np.full(wide, -_SHIFT, np.int8))
        layer.set_variable("in_proj", one)
        layer.set_variable("new_state_shift", shifts)
        layer.set_variable("out_proj", one)
        return model

    def step(self, brought: Sequence[Any]) -> dict[str, Any]:
        """Each group's currents, (batch, neurons); `brought` by its synapses, in the same order."""
        if not self.size:
            return {}
        wanted = np.concatenate(
            [
                each[:, group.held[group.first]]
                for group, each in zip(self.groups, brought, strict=True)
            ],
            axis=1,
        )
        counts, rest = np.divmod(wanted, self.scale)
        if rest.any():
            raise ValueError(
                "gates weigh differently in a cell: what is sent is no count of spikes"
            )
        sent = np.zeros((len(counts), self.width), np.int8)
        if np.abs(counts).max(initial=0) > np.iinfo(np.int8).max:
            raise ValueError("what is sent leaves 8 bits")
        sent[:, : self.size] = counts
        came = [
            model.forward(row.reshape(1, 1, 1, -1)).reshape(-1)
            for model, row in zip(self.models, sent, strict=True)
        ]
        states = np.stack(came).astype(np.int64)
        found, start = {}, 0
        for group, each in zip(self.groups, brought, strict=True):
            found[group.name] = each.copy()
            found[group.name][:, group.held] = states[:, start + group.which]
            start += group.units
        return found


def _mapped(model: Any) -> dict[str, Any]:
    """What the bank takes of a virtual Akida Pico; the mapper raises where it does not fit."""
    model.map(akida.PicoIP(), hw_only=True)
    (part,) = model.get_layer("bank").mapping.nps
    found = {"program bytes": len(model.sequences[0].program), part.type.name: 1}
    found |= {name: getattr(part.mem_info, name) for name in _MEMORIES}
    return {name: np.array(value) for name, value in found.items()}
