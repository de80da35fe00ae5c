"""The portable population graph in Loihi's registers.

Gates and cells take turns (`hardware/turns.py`). With u the current, B the bias and E the clock's
weight,

    silent without the clock:   B + (whatever cells alone can bring) <= threshold
    exact with it:              B + E = threshold + (b - 1) S,  hence  u + B + E > threshold
                                exactly where the graph's drive + b exceeds 1

S is a neuron's own scale, as large as the registers allow; biases absorb every scale, so that all
gates share one threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import nir
import numpy as np

from ..format import KEEP_BITS
from ..network import INPUT, Neurons, Quantized, Synapses
from ..populations import Numbers, bias_of
from ..target import Target
from ..turns import TICKS, Readout, Source, reach, shared, taking_turns
from .discretise import (
    Reals,
    biases,
    kept,
    most_of,
    one_synapse,
    thresholds,
    weights,
    weights_above,
)
from .registers import ALIGN, Registers

# a membrane keeps 1/4096, the least there is
_MEMORYLESS = 1
# of the registers' ranges; the rest is for rounding
_USED = 0.98
_TINY = 1e-12
# full steps (z of all levels, i of none) that a cell has room for; rates saturate at a tenth of it
_GATHERED = 64.0


def population(
    graph: nir.NIRGraph, target: Target, dt: float, *, registers: Registers
) -> Quantized:
    """The graph in Loihi's integers; every rounding and its error is in `notes`."""
    build = _Builder(target, registers)
    least = registers.exponents[0]
    return taking_turns(graph, target, dt, build, graded=bool(registers.message), least=least)


@dataclass
class _Builder:
    """Groups of one network, with one list of notes."""

    target: Target
    registers: Registers
    notes: list[str] = field(default_factory=list)

    def gates(
        self, n: Numbers, sources: Sequence[Source], clock: int, channels: int, *, tick: int
    ) -> tuple[Neurons, list[Synapses]]:
        """Memoryless neurons that the clock enables."""
        r = self.registers
        over = n.bias - 1.0
        reached = np.sum([each.reach for each in sources], axis=0)
        overheard = np.sum(
            [np.maximum(each.weight[:, each.holding], 0).sum(1) for each in sources], axis=0
        )
        enable = np.maximum(overheard + over, 0.0)
        ceiling = r.top_bias
        loudest = [np.abs(each.weight).max(axis=1) / most_of(r, each.least) for each in sources]
        shares = [(enable + reached) / r.top_sum, (enable - over) / (2.0 * ceiling), *loudest]
        scale = _USED / np.maximum(np.max(shares, axis=0), _TINY)
        scale = shared(scale, np.concatenate([each.weight for each in sources], axis=1))
        fed: list[Synapses] = []
        brought = np.zeros(len(over), np.int64)
        for each in sources:
            made = self._synapses(each, n.gates, scale)
            fed += made
            for part in made:
                alone = np.maximum(part.weight[:, each.holding], 0).sum(1)
                brought += alone << part.shift
        # a membrane that stays at the threshold leaves 1/4096 of it; a bias rounds by 2^7 at most
        slack = (ceiling >> KEEP_BITS) + 2**r.bias_exponent + 1
        wanted = over * scale
        needed = np.maximum(brought + np.ceil(wanted).astype(np.int64) + slack, 0)
        mantissa, exponent = weights_above(needed, r)
        column = np.zeros((len(over), channels), np.int64)
        column[:, clock] = mantissa
        fed.append(Synapses(INPUT, n.gates, column, 1, ALIGN + exponent))
        threshold = np.full(len(over), ceiling >> ALIGN << ALIGN)
        # of the tick between, the membrane keeps 1/4096, which is the bias but for what cells say
        resting = threshold + wanted - (mantissa << (ALIGN + exponent))
        bias, off = biases(resting / (1.0 + 2.0**-KEEP_BITS), r)
        self._note(n.gates, "biases", off / scale, np.abs(over))
        nothing = np.zeros(len(over), np.int64)
        return Neurons(n.gates, threshold, bias, nothing, nothing + _MEMORYLESS, tick=tick), fed

    def cells(self, n: Numbers, *, tick: int) -> tuple[Neurons, list[Synapses]]:
        """Currents that leak, and relays, which keep nothing.

        All cells share the largest weight, so that neurons of one level share their threshold.
        """
        r = self.registers
        keep, off = kept(n.forget, TICKS, r)
        self._note(n.cell, "decays per step", np.array([off]), n.forget)
        peak = np.abs(n.mix).max(axis=1)
        at_once = reach(n.mix) / peak
        gathered = 1.0 / (1.0 - (keep / 2**KEEP_BITS) ** TICKS)
        ever = at_once * np.minimum(gathered, _GATHERED)
        if (gathered > _GATHERED).any():
            self.notes.append(
                f"{n.cell}: {int((gathered > _GATHERED).sum())} cells forget so slowly that they "
                f"wrap around if they ever hold more than {_GATHERED:g} full steps"
            )
        top = self.target.format.current.high
        unit = _USED * min(
            r.top_sum / at_once.max(),
            top / ever.max(),
            r.top_threshold * float(peak.min()),
            most_of(r, 0),
        )
        scale = one_synapse(unit, r) / peak
        none = np.zeros(n.mix.shape[1], bool)
        made = self._synapses(Source(n.gates, n.mix, peak, none), n.cell, scale)
        threshold, off = thresholds(scale, r)
        self._note(n.cell, "thresholds", np.array([off]) / scale, np.array([1.0]))
        nothing = np.zeros(len(scale), np.int64)
        return Neurons(n.cell, threshold, nothing, keep, nothing + _MEMORYLESS, tick=tick), made

    def readout(self, node: nir.NIRNode, source: Source, name: str, *, tick: int) -> Readout:
        """Neurons that never fire, whose potentials are the outputs; and the unit of these."""
        r = self.registers
        weight, bias = source.weight, bias_of(node)
        size = float((source.reach + np.abs(bias)).max())
        scale = _USED * min(
            r.top_sum / size,
            r.top_bias / max(float(np.abs(bias).max()), _TINY),
            most_of(r, 0) / max(float(np.abs(weight).max()), _TINY),
        )
        every = np.full(len(bias), scale)
        made = self._synapses(source, name, every)
        held, off = biases(bias * scale, r)
        self._note(name, "biases", np.array([off / scale]), np.abs(bias))
        nothing = np.zeros(len(bias), np.int64)
        never = nothing + r.top_threshold
        return (
            Neurons(name, never, held, nothing, nothing + _MEMORYLESS, spikes=0, tick=tick),
            made,
            1.0 / scale,
        )

    def _synapses(self, source: Source, target: str, scale: Reals) -> list[Synapses]:
        wanted = source.weight * scale[:, None]
        parts, error = weights(wanted, self.registers, least=source.least, chains=source.chains)
        where = f"{source.name} to {target}"
        self._note(where, "weights", error / scale[:, None], np.abs(source.weight))
        return [
            Synapses(
                source.name,
                target,
                each.mantissa,
                1,
                ALIGN + max(each.exponent, 0),
                max(-each.exponent, 0),
            )
            for each in parts
        ]

    def _note(self, where: str, what: str, error: Reals, of: Reals) -> None:
        largest = float(error.max(initial=0.0))
        if largest > _TINY:
            self.notes.append(
                f"{where}: {what} rounded, largest error {largest:.3g} of {float(of.max()):.3g}"
            )
