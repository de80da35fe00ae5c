"""Lava's fixed-point process models of Loihi on the CPU (package lava-nc), one process a group."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .lava_models.importing import import_lava

import_lava()

from lava.magma.core.run_conditions import RunSteps  # noqa: E402
from lava.magma.core.run_configs import Loihi2SimCfg  # noqa: E402
from lava.proc.dense.process import Dense  # noqa: E402
from lava.proc.io.sink import RingBuffer as Sink  # noqa: E402
from lava.proc.io.source import RingBuffer as Source  # noqa: E402
from lava.proc.monitor.process import Monitor  # noqa: E402

from .lava_models.neurons import Neurons  # noqa: E402

_ALIGN = 6
_WHOLE = 4096
_BIAS = 4095
_MESSAGE_BITS = 24
_PARTS = ("threshold", "bias", "current_decay", "potential_decay")

logging.disable(logging.INFO)


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Sample by sample; states and what is under way are set to 0 between them."""
    batch, ticks, channels = arriving.shape
    total = batch * ticks
    data = np.ascontiguousarray(arriving.reshape(total, channels).T)
    # a buffer that is read in a circle needs more than one entry
    source = Source(data=data.astype(np.int32))
    groups = {g["name"]: _neurons(arrays, at) for at, g in enumerate(about["groups"])}
    wires = []
    for at, each in enumerate(about["synapses"]):
        outside = each["source"] == "input"
        graded = outside and about["entry"]["way"] == "graded"
        wires.append(_dense(each, arrays[f"synapses{at}.weight"], graded=graded))
        sender = source if outside else groups[each["source"]]
        sender.s_out.connect(wires[-1].s_in)
        wires[-1].a_out.connect(groups[each["target"]].a_in)
    sinks, monitors = {}, {}
    for group in about["groups"]:
        name = group["name"]
        if group["spikes"]:
            sinks[name] = Sink(shape=groups[name].s_out.shape, buffer=total)
            groups[name].s_out.connect(sinks[name].a_in)
        if name in watched:
            for part in ("u", "v"):
                monitors[name, part] = Monitor()
                monitors[name, part].probe(getattr(groups[name], part), total)
    first = next(iter(groups.values()))
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
        "spikes": {name: each.astype(np.uint8) for name, each in spikes.items()},
        "potentials": {name: states[name, "v"].astype(np.int64) for name in watched},
        "currents": {name: states[name, "u"].astype(np.int64) for name in watched},
    }


def _neurons(arrays: Mapping[str, Any], at: int) -> Neurons:
    """A group; the decays of lava's registers are what is lost, for currents less one."""
    of = {part: arrays[f"group{at}.{part}"] for part in _PARTS}
    if (of["threshold"] % 2**_ALIGN).any():
        raise ValueError("thresholds are multiples of 64")
    mantissa, exponent = _bias(of["bias"])
    return Neurons(
        shape=of["threshold"].shape,
        du=_WHOLE - 1 - of["current_decay"],
        dv=_WHOLE - of["potential_decay"],
        vth=of["threshold"] >> _ALIGN,
        bias_mant=mantissa,
        bias_exp=exponent,
    )


def _bias(bias: Any) -> tuple[Any, Any]:
    """Mantissas and least exponents; a bias that is not one of the register's is refused."""
    exponent = np.zeros_like(bias)
    for _ in range(8):
        exponent += np.abs(bias >> exponent) > _BIAS
    mantissa = bias >> exponent
    if (mantissa << exponent != bias).any() or exponent.max(initial=0) > 7:
        raise ValueError("a bias is no mantissa of 13 bits with an exponent of 3")
    return mantissa, exponent


def _dense(each: Mapping[str, Any], weight: Any, *, graded: bool) -> Any:
    """A connection; the weights' alignment of 6 bits is the neurons' business."""
    if each["delay"] != 1:
        raise ValueError("a Dense takes one tick")
    return Dense(
        weights=weight,
        weight_exp=int(each["shift"] - _ALIGN - each["drop"]),
        num_message_bits=_MESSAGE_BITS if graded else 0,
    )


def _silence(groups: Mapping[str, Any], wires: Sequence[Any]) -> None:
    for group in groups.values():
        zeros = np.zeros(group.u.shape, np.int32)
        group.u.set(zeros)
        group.v.set(zeros)
    for wire in wires:
        wire.a_buff.set(np.zeros(wire.a_buff.shape, np.int32))
