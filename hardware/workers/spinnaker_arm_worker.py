"""sPyNNaker's own machine code (Apache-2) on an ARM that Unicorn (GPL-2) emulates.

What is run are the compiled functions of IF_curr_exp and IF_curr_delta, one core for at most 256
neurons of one model: the one that turns parameters into states; at every tick the one that moves
ring buffers into currents and the one that updates the neurons; for every spike the one that adds
a row of synapses into the ring buffers. The timer, the routers and the memory transfers between
them are this file: a spike of a tick is in the ring buffers before the next. The words that a core
starts from are laid out as sPyNNaker loads them, which `spynnaker_worker` reads back.

The functions stand at fixed addresses of two files, whose digests are checked.
"""

from __future__ import annotations

import hashlib
import importlib.util
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import unicorn
from unicorn import arm_const

# a core's instructions and data, where its code expects them; ours, far above what it uses; the
# address that a function of ours returns to
_CODE, _DATA, _OURS, _BACK = 0x0, 0x400000, 0x60000000, 0xFFF0
_STACK, _SYSTEM_MODE = _DATA + 0xFF00, 0xDF
# the statics of neuron.c and of synapses.c
_NEURON, _SYNAPSES = _DATA + 0x168, _DATA + 0x114
# bits of a neuron, of a ring buffer's type and of a delay in a synapse's word
_INDEX, _TYPES, _DELAY = 8, 1, 5
_PEAK = 1 << _INDEX
_SLOT = _INDEX + _TYPES
_NEVER = 2**31 - 1
# bytes for what the emulator makes of a core's few functions; a gigabyte where nothing is said
_TRANSLATED = 1 << 25
# keeps e^-16, which S16.15 has as 0
_ONE, _FORGETFUL = 1 << 15, 1 << 11


@dataclass(frozen=True)
class _Binary:
    """One model's file: its functions, and where its statics lie in neuron.c's.

    later    how much farther than IF_curr_exp's those lie that follow the inputs' scales
    synapse  words of a neuron's synapse state
    """

    name: str
    digest: str
    load: int
    transfer: int
    update: int
    row: int
    later: int
    synapse: int


_EXP = _Binary(
    "IF_curr_exp",
    "acd257c9da6fa23c8995a080aeadd591182716cc0f8b6f2b26a1fbbdc15bc556",
    load=0x16B4,
    transfer=0x2928,
    update=0x220C,
    row=0xC08,
    later=0,
    synapse=6,
)
_DELTA = _Binary(
    "IF_curr_delta",
    "9e991ac64c9eebc2f34a53e93ff667bad9b3ef112a16d4d91ac1605fd660dbcd",
    load=0x16B4,
    transfer=0x2840,
    update=0x2148,
    row=0xC08,
    later=4,
    synapse=2,
)


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Spikes of all groups that fire, states of the watched ones; see `workers`."""
    cores = [_Core(part) for part in _parts(about, arrays)]
    batch, ticks = arriving.shape[:2]
    sizes = {g["name"]: len(arrays[f"group{at}.bias"]) for at, g in enumerate(about["groups"])}
    spikes = {name: np.zeros((batch, ticks, size), np.uint8) for name, size in sizes.items()}
    states = {
        kind: {name: np.zeros((batch, ticks, sizes[name]), np.int64) for name in watched}
        for kind in ("potentials", "currents")
    }
    for sample in range(batch):
        for core in cores:
            core.restart()
        for tick in range(ticks):
            said = {"input": np.nonzero(arriving[sample, tick])[0]}
            for core in cores:
                core.tick(tick)
                spikes[core.name][sample, tick, core.rows] = core.fired
                if core.name in watched:
                    states["potentials"][core.name][sample, tick, core.rows] = core.potentials
                    states["currents"][core.name][sample, tick, core.rows] = core.currents
            said |= {name: np.nonzero(each[sample, tick])[0] for name, each in spikes.items()}
            for core in cores:
                core.hear(tick, said)
    fire = [g["name"] for g in about["groups"] if g["spikes"]]
    return {"spikes": {name: spikes[name] for name in fire}, **states}


@dataclass(frozen=True)
class _Part:
    """Neurons of one core.

    words  of their parameters, as sPyNNaker loads them
    shift  of both ring buffers
    heard  rows of synapses by source group, a row of zeros for a neuron that is not heard
    """

    name: str
    rows: Any
    binary: _Binary
    words: Any
    shift: int
    heard: Mapping[str, Any]


def _parts(about: Mapping[str, Any], arrays: Mapping[str, Any]) -> list[_Part]:
    parts = []
    for at, group in enumerate(about["groups"]):
        name = group["name"]
        tau, threshold = arrays[f"group{at}.current_decay"], arrays[f"group{at}.threshold"]
        if not group["spikes"] and (threshold < _NEVER).any():
            raise ValueError(f"{name}: a neuron that never fires has the largest threshold")
        feeds = [
            (each, arrays[f"synapses{n}.weight"])
            for n, each in enumerate(about["synapses"])
            if each["target"] == name
        ]
        shift = max((each["shift"] for each, _ in feeds), default=0)
        for binary, model in ((_EXP, np.nonzero(tau > 0)[0]), (_DELTA, np.nonzero(tau == 0)[0])):
            for start in range(0, len(model), _PEAK):
                rows = model[start : start + _PEAK]
                words = _words(threshold[rows], arrays[f"group{at}.bias"][rows], tau[rows], binary)
                heard: dict[str, Any] = {}
                for each, weight in feeds:
                    heard.setdefault(each["source"], []).append(_synapses(weight[rows], each))
                merged = {source: _merged(tables) for source, tables in heard.items()}
                parts.append(_Part(name, rows, binary, words, shift, merged))
    return parts


def _words(threshold: Any, bias: Any, tau: Any, binary: _Binary) -> Any:
    """One step a tick, then struct by struct; a membrane's are V, rest, C, tau_m, I and others."""
    membrane = np.zeros((len(tau), 9), np.int64)
    membrane[:, 2:4], membrane[:, 4], membrane[:, 8] = _FORGETFUL, bias, _ONE
    if binary is _EXP:
        synapse = np.stack([tau, 0 * tau, tau, 0 * tau, 0 * tau + _ONE], axis=1)
        parts = [[1], membrane.ravel(), threshold, synapse.ravel()]
    else:
        step = np.full(len(tau), _ONE)
        parts = [[1], membrane.ravel(), step, threshold, np.zeros(2 * len(tau), np.int64)]
    return np.concatenate(parts).astype(np.int64).astype(np.uint32)


def _synapses(weight: Any, each: Mapping[str, Any]) -> list[Any]:
    """Words of every source's synapses onto these neurons."""
    if np.abs(weight).max(initial=0) > 0xFFFF or not 1 <= each["delay"] < 1 << _DELAY:
        raise ValueError(f"{each['source']}: weights of 16 bits and delays of 1 to 31 ticks")
    words = (
        np.abs(weight) << 16
        | each["delay"] << _SLOT
        | (weight < 0) << _INDEX
        | np.arange(len(weight))[:, None]
    )
    return [words[weight[:, source] != 0, source] for source in range(weight.shape[1])]


def _merged(tables: Sequence[list[Any]]) -> list[Any]:
    """A row of each source: no plastic words, so many fixed ones, none that control, then these."""
    rows = [np.concatenate(each) for each in zip(*tables, strict=True)]
    return [np.concatenate([[0, len(r), 0], r]).astype(np.uint32) for r in rows]


class _Core:
    """One core's memory and code."""

    def __init__(self, part: _Part) -> None:
        self.name, self.rows, self.part = part.name, part.rows, part
        self.arm = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
        self.arm.ctl_set_tcg_buffer_size(_TRANSLATED)
        for start, size in ((_CODE, 0x10000), (_DATA, 0x10000), (_OURS, 0x4000000)):
            self.arm.mem_map(start, size)
        _boot(self.arm, part.binary)
        self.free = _OURS
        self.count = count = len(part.rows)
        self.neurons, self.fires = self._room(32 * count), self._room(4 * (_PEAK // 32))
        self.values = [self._room(4 * count) for _ in range(3)]
        self.ring = self._room(2 << (_SLOT + _DELAY))
        self.flag = self._room(4)
        self._set_statics()
        self.table = {
            source: [self._put(row) if len(row) > 3 else 0 for row in rows]
            for source, rows in part.heard.items()
        }
        self.words = self._put(part.words)

    def restart(self) -> None:
        """From silence."""
        self.arm.mem_write(self.ring, bytes(2 << (_SLOT + _DELAY)))
        self._call(self.part.binary.load, self.words, self.count, 0)

    def tick(self, tick: int) -> None:
        """Currents from ring buffers, then neurons."""
        self.arm.mem_write(self.fires, bytes(_PEAK // 8))
        slot = (tick & (1 << _DELAY) - 1) << _SLOT
        self._call(self.part.binary.transfer, self.ring + 2 * slot)
        self._call(self.part.binary.update, tick, 0)

    def hear(self, tick: int, said: Mapping[str, Any]) -> None:
        """Rows of all that fired."""
        for source, table in self.table.items():
            for neuron in said[source]:
                if table[neuron]:
                    self._call(self.part.binary.row, tick, 0, 0, table[neuron])

    @property
    def fired(self) -> Any:
        """(neurons,)."""
        bits = np.frombuffer(self.arm.mem_read(self.fires, _PEAK // 8), np.uint8)
        return np.unpackbits(bits, bitorder="little")[: self.count]

    @property
    def potentials(self) -> Any:
        """After the tick, (neurons,)."""
        return self._read(self.neurons, 8 * self.count).reshape(-1, 8)[:, 0]

    @property
    def currents(self) -> Any:
        """Excitation without inhibition, as the code records them, (neurons,)."""
        first, second = (self._read(at, self.count) for at in self.values[1:])
        return first - second

    def _set_statics(self) -> None:
        binary, later = self.part.binary, self.part.binary.later
        places = self._put(np.arange(_PEAK, dtype=np.uint16))
        # recorders that keep every tick and never send
        words = self._put(np.array([0, 2**32 - 16, 1, 0, 0, 0] * 3, np.uint32))
        bits = self._put(np.array([2**32 - 16, 5, 0, 0, 0, 0], np.uint32))
        inputs = self._room(4 * self.count)
        synapse = self._room(4 * binary.synapse * self.count)
        thresholds = self._room(4 * self.count)
        statics = {
            0x0: words,
            0x4: self._pointers(*self.values),
            0x8: self._pointers(places, places, places),
            0xC: bits,
            0x10: self._pointers(self.fires),
            0x14: self._pointers(places),
            0x50: self.neurons,
            0x54: inputs,
            0x54 + later: synapse,
            0x58 + later: thresholds,
            0x5C + later: self.count,
            0x64 + later: 0,
            0x70 + later: 0,
            0x74 + later: _PEAK,
            0x78 + later: 2,
            0x7C + later: 0,
            0x80 + later: self._pointers(self.part.shift, self.part.shift),
        }
        for offset, value in statics.items():
            self._word(_NEURON + offset, value)
        mask = (1 << _DELAY) - 1
        for offset, value in (
            (0xC, _SLOT),
            (0x28, mask),
            (0x2C, mask << _SLOT),
            (0x38, (1 << _SLOT + _DELAY) - 1),
            (0x3C, self.ring),
        ):
            self._word(_SYNAPSES + offset, value)

    def _call(self, function: int, *arguments: int) -> None:
        registers = [getattr(arm_const, f"UC_ARM_REG_R{n}") for n in range(4)]
        self.arm.reg_write(arm_const.UC_ARM_REG_CPSR, _SYSTEM_MODE)
        self.arm.reg_write(arm_const.UC_ARM_REG_SP, _STACK)
        self.arm.reg_write(arm_const.UC_ARM_REG_LR, _BACK)
        for register, value in zip(registers, arguments, strict=False):
            self.arm.reg_write(register, value)
        # the fifth argument of `row`, whether plastic words are to be written back
        self._word(_STACK, self.flag)
        self.arm.emu_start(function, _BACK)

    def _room(self, size: int) -> int:
        at = self.free
        self.free += -(-size // 16) * 16
        return at

    def _put(self, values: Any) -> int:
        at = self._room(values.nbytes)
        self.arm.mem_write(at, values.tobytes())
        return at

    def _pointers(self, *values: int) -> int:
        return self._put(np.array(values, np.uint32))

    def _word(self, at: int, value: int) -> None:
        self.arm.mem_write(at, struct.pack("<I", value))

    def _read(self, at: int, words: int) -> Any:
        return np.frombuffer(self.arm.mem_read(at, 4 * words), np.int32).astype(np.int64)


def _boot(arm: Any, binary: _Binary) -> None:
    """What the file's header says: copies (2) and zeros (3), up to the jump (4)."""
    spec = importlib.util.find_spec("spynnaker")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("spynnaker")
    folder = Path(spec.submodule_search_locations[0]) / "pyNN" / "model_binaries"
    data = (folder / f"{binary.name}.aplx").read_bytes()
    if hashlib.sha256(data).hexdigest() != binary.digest:
        raise ValueError(f"{binary.name}.aplx is not the one of spynnaker 7.4.1")
    for at in range(0, len(data), 16):
        command, where, start, size = struct.unpack_from("<4I", data, at)
        if command == 2:
            arm.mem_write(where, data[at + start : at + start + size])
        elif command == 3:
            arm.mem_write(where, bytes(start))
        else:
            break
