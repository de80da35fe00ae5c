"""Lava's fixed-point process models of Loihi on the CPU (package lava-nc), one process a group."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .lava_models.importing import import_lava

import_lava()

from lava.magma.core.run_conditions import RunSteps  # noqa: E402
from lava.magma.core.run_configs import Loihi2SimCfg  # noqa: E402
from lava.proc.dense.process import Dense  # noqa: E402
from lava.proc.io.sink import RingBuffer as Sink  # noqa: E402
from lava.proc.io.source import RingBuffer as Source  # noqa: E402
from lava.proc.monitor.process import Monitor  # noqa: E402
from lava.proc.sdn.process import Delta  # noqa: E402

from .lava_models.graded import Graded, Wires  # noqa: E402
from .lava_models.neurons import Neurons  # noqa: E402

_ALIGN = 6
_WHOLE = 4096
_BIAS = 4095
_MESSAGE_BITS = 24
_PARTS = ("threshold", "bias", "current_decay", "potential_decay", "knots")

logging.disable(logging.INFO)


class Group(NamedTuple):
    """Processes of a group.

    states  has currents and potentials, and hears
    voice   says something; the same one, or what takes changes of what it says
    align   bits by which what arrives is shifted
    """

    states: Any
    voice: Any
    align: int


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Sample by sample; states and what is under way are set to 0 between them."""
    batch, ticks, channels = arriving.shape
    total = batch * ticks
    data = np.ascontiguousarray(arriving.reshape(total, channels).T)
    # a buffer that is read in a circle needs more than one entry
    source = Source(data=data.astype(np.int32))
    says = {g["name"]: g["says"] for g in about["groups"]}
    says["input"] = _INPUTS[about["entry"]["way"]]
    groups = {g["name"]: _MADE[g["says"]](g, arrays, at) for at, g in enumerate(about["groups"])}
    wires = []
    for at, each in enumerate(about["synapses"]):
        heard, (states, _, align) = says[each["source"]], groups[each["target"]]
        wires.append(_WIRED[heard](each, arrays[f"synapses{at}.weight"], align))
        sender = source if each["source"] == "input" else groups[each["source"]].voice
        sender.s_out.connect(wires[-1].s_in)
        wires[-1].a_out.connect(states.a_in)
    sinks, monitors = {}, {}
    for group in about["groups"]:
        name, (states, voice, _) = group["name"], groups[group["name"]]
        if group["spikes"] and group["says"] != "level":
            sinks[name] = Sink(shape=voice.s_out.shape, buffer=total)
            voice.s_out.connect(sinks[name].a_in)
        if name in watched:
            for part in ("u", "v"):
                monitors[name, part] = Monitor()
                monitors[name, part].probe(getattr(states, part), total)
    first = next(iter(groups.values())).states
    settings = Loihi2SimCfg(select_tag="fixed_pt")
    try:
        for sample in range(batch):
            if sample:
                _silence(groups, wires)
            first.run(condition=RunSteps(num_steps=ticks), run_cfg=settings)
        shape = (batch, ticks, -1)
        spikes = {name: sink.data.get().T.reshape(shape) for name, sink in sinks.items()}
        states = {
            key: np.asarray(next(iter(next(iter(m.get_data().values())).values()))).reshape(shape)
            for key, m in monitors.items()
        }
    finally:
        first.stop()
    return {
        "spikes": {name: each.astype(np.int32) for name, each in spikes.items()},
        "potentials": {name: states[name, "v"].astype(np.int64) for name in watched},
        "currents": {name: states[name, "u"].astype(np.int64) for name in watched},
    }


def _spiking(_group: Mapping[str, Any], arrays: Mapping[str, Any], at: int) -> Group:
    of = _numbers(arrays, at)
    if (of["threshold"] % 2**_ALIGN).any():
        raise ValueError("thresholds are multiples of 64")
    made = Neurons(vth=of["threshold"] >> _ALIGN, **_states(of))
    return Group(made, made, _ALIGN)


def _graded(group: Mapping[str, Any], arrays: Mapping[str, Any], at: int) -> Group:
    of = _numbers(arrays, at)
    knots = of["knots"] if of["knots"].size else np.zeros(1, int)
    made = Graded(says=group["says"], knots=knots, drop=group["drop"], **_states(of))
    return Group(made, made, 0)


def _changing(group: Mapping[str, Any], arrays: Mapping[str, Any], at: int) -> Group:
    threshold = np.unique(_numbers(arrays, at)["threshold"])
    if len(threshold) != 1:
        raise ValueError("a Delta has one threshold")
    states = _graded(group, arrays, at).states
    voice = Delta(shape=states.s_out.shape, vth=int(threshold[0]))
    states.s_out.connect(voice.a_in)
    return Group(states, voice, 0)


_MADE: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], int], Group]] = {
    "change": _changing,
    "level": _graded,
    "nothing": _graded,
    "spikes": _spiking,
}


def _numbers(arrays: Mapping[str, Any], at: int) -> dict[str, Any]:
    return {part: arrays[f"group{at}.{part}"] for part in _PARTS}


def _states(of: Mapping[str, Any]) -> dict[str, Any]:
    """The decays of lava's registers are what is lost, for currents less one."""
    mantissa, exponent = _bias(of["bias"])
    return {
        "shape": of["threshold"].shape,
        "du": _WHOLE - 1 - of["current_decay"],
        "dv": _WHOLE - of["potential_decay"],
        "bias_mant": mantissa,
        "bias_exp": exponent,
    }


def _bias(bias: Any) -> tuple[Any, Any]:
    """Mantissas and least exponents; a bias that is not one of the register's is refused."""
    exponent = np.zeros_like(bias)
    for _ in range(8):
        exponent += np.abs(bias >> exponent) > _BIAS
    mantissa = bias >> exponent
    if (mantissa << exponent != bias).any() or exponent.max(initial=0) > 7:
        raise ValueError("a bias is no mantissa of 13 bits with an exponent of 3")
    return mantissa, exponent


def _dense(each: Mapping[str, Any], weight: Any, align: int, *, bits: int) -> Any:
    """A connection; the alignment of what arrives is the neurons' business."""
    if each["delay"] != 1:
        raise ValueError("a Dense takes one tick")
    return Dense(
        weights=weight,
        weight_exp=int(each["shift"] - align - each["drop"]),
        num_message_bits=bits,
    )


def _inside(each: Mapping[str, Any], weight: Any, align: int) -> Any:
    if each["delay"] or each["drop"] or align:
        raise ValueError(
            "wires inside a neuron take no tick, lose no bits and end in none that spikes"
        )
    return Wires(weights=weight, shift=each["shift"])


# what the ways of an input say, and what hears it
_INPUTS = {"changes": "change", "counts": "spikes", "digits": "spikes", "graded": "change"}
_WIRED: dict[str, Callable[[Mapping[str, Any], Any, int], Any]] = {
    "change": partial(_dense, bits=_MESSAGE_BITS),
    "level": _inside,
    "spikes": partial(_dense, bits=0),
}


def _silence(groups: Mapping[str, Group], wires: Sequence[Any]) -> None:
    for states, voice, _ in groups.values():
        memories = [states.u, states.v]
        memories += [voice.act, voice.residue] if isinstance(voice, Delta) else []
        for memory in memories:
            memory.set(np.zeros(memory.shape, np.int32))
    for wire in wires:
        if isinstance(wire, Dense):
            wire.a_buff.set(np.zeros(wire.a_buff.shape, np.int32))
