"""Xylo in integers: 16-bit saturating states, decays by bit shift, several spikes a step.

The semantics are those of the vendor's XyloSim (package xylosim 0.1.3, v2, XyloIAFNeuron.cpp and
XyloLayer.cpp); a test compares every spike and state with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .target import Ints, Placement, Run, Target

LOW, HIGH = -(2**15), 2**15 - 1


@dataclass
class _Count:
    """Clamped additions so far."""

    saturations: int = 0


@dataclass
class _Group:
    """The neurons of one layer over a batch: currents and potentials (batch, neurons)."""

    arrays: dict[str, Ints]
    most: int
    batch: int
    current: Ints = field(init=False)
    potential: Ints = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.batch, len(self.arrays["threshold"]))
        self.current = np.zeros(shape, np.int64)
        self.potential = np.zeros(shape, np.int64)


def emulate(placement: Placement, target: Target, inputs: NDArray[Any]) -> Run:
    """Run a placed network on spike counts (batch, time, inputs), a fresh chip for every sample.

    Per step: input spikes, then the recurrent spikes of the step before, reach the currents;
    the readout receives the same spikes of the step before; then all states decay and fire.
    """
    arrays, inputs = placement.arrays, inputs.astype(np.int64)
    batch, steps, _ = inputs.shape
    hidden = _Group(_of(arrays, "hidden"), target.limits.spikes, batch)
    readout = _Group(_of(arrays, "readout"), 1, batch)
    weights = np.concatenate([arrays["input.weight"], arrays["recurrent.weight"]], axis=1)
    into, out = _Synapses(weights), _Synapses(arrays["readout.weight"])
    fired = np.zeros((batch, len(arrays["hidden.threshold"])), np.int64)
    count, synops = _Count(), np.zeros(batch, np.int64)
    spikes, output_spikes, potentials, currents = [], [], [], []
    for t in range(steps):
        arriving = np.concatenate([inputs[:, t], fired], axis=1)
        synops += arriving @ into.fan_out + fired @ out.fan_out
        hidden.current = into.deliver(hidden.current, arriving, count)
        readout.current = out.deliver(readout.current, fired, count)
        fired = _advance(hidden, count)
        output_spikes.append(_advance(readout, count))
        spikes.append(fired)
        potentials.append(readout.potential)
        currents.append(readout.current)
    names = ("n2_hidden", "n5_readout")
    return Run(
        spikes=dict(zip(names, (_stack(spikes), _stack(output_spikes)), strict=True)),
        outputs=_stack(potentials),
        synops=synops,
        saturations=count.saturations,
        currents=_stack(currents),
    )


class _Synapses:
    """Weights (neurons, sources) and how spikes over them are added."""

    def __init__(self, weights: Ints) -> None:
        self.weights = weights
        self.up = np.maximum(weights, 0).T.astype(np.float64)
        self.down = np.minimum(weights, 0).T.astype(np.float64)
        self.fan_out: Ints = np.count_nonzero(weights, axis=0).astype(np.int64)

    def deliver(self, current: Ints, spikes: Ints, count: _Count) -> Ints:
        """I + sum of n w, clamped to 16 bits after every addition, sources in order.

        Sums in float64 are exact here. Only a neuron whose partial sums may leave 16 bits is
        added source by source; n equal additions clamp like one addition of n w.
        """
        given = spikes.astype(np.float64)
        up = (given @ self.up).astype(np.int64)
        down = (given @ self.down).astype(np.int64)
        total = current + up + down
        risky = (current + up > HIGH) | (current + down < LOW)
        for sample, neuron in np.argwhere(risky):
            value = int(current[sample, neuron])
            for source in np.nonzero(spikes[sample])[0]:
                exact = value + int(spikes[sample, source]) * int(self.weights[neuron, source])
                value = min(max(exact, LOW), HIGH)
                count.saturations += exact != value
            total[sample, neuron] = value
        return total


def _advance(group: _Group, count: _Count) -> Ints:
    """Decay, integrate, fire.

        I := I - D(I, dash_syn);  dV = -D(V, dash_mem) + I + b;  V := V + dV
        n = number of thresholds that fit into V, at most `most`;  V := V - n threshold

    I current, V potential, b bias, all 16-bit integers; each sum is clamped.
    returns n  # (batch, neurons)
    """
    a = group.arrays
    group.current = group.current - shifted(group.current, a["dash_syn"])
    leak = -shifted(group.potential, a["dash_mem"])
    leak = np.where(leak > HIGH, LOW, leak)  # 16-bit negation of the lowest number is itself
    step = _clamp(leak + group.current, count)
    step = _clamp(step + a["bias"], count)
    potential = _clamp(group.potential + step, count)
    fired = np.clip(potential // a["threshold"], 0, group.most)
    group.potential = potential - fired * a["threshold"]
    return fired


def shifted(value: Ints, dash: Ints) -> Ints:
    """D(v, d) = v >> d, or the sign of v where that is 0: the smallest decay is 1."""
    drop = value >> dash
    found: Ints = np.where(drop == 0, np.sign(value), drop)
    return found


def _clamp(value: Ints, count: _Count) -> Ints:
    clamped: Ints = np.clip(value, LOW, HIGH)
    count.saturations += int((clamped != value).sum())
    return clamped


def _of(arrays: Any, name: str) -> dict[str, Ints]:
    start = f"{name}."
    return {key.removeprefix(start): a for key, a in arrays.items() if key.startswith(start)}


def _stack(values: list[Ints]) -> Ints:
    stacked: Ints = np.stack(values, 1)
    return stacked
