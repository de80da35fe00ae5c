"""The portable population graph in the S16.15 numbers of sPyNNaker's neurons.

Gates and cells take turns (`hardware/turns.py`). A weight is 16 bits without a sign; all weights of
a sign into a group are summed in one ring buffer of 16 bits, which is then shifted left by a number
of bits that the group's weights share:

    gates, readout   IF_curr_delta: what arrives in a tick drives the membrane in that tick alone
    cells            IF_curr_exp: what arrives is kept by a factor e^(-1/tau) a tick
    relays of o      IF_curr_delta again

The membrane's closed form is V := a - e^(-1/tau_m) (a - V), a = I R + V_rest
(models/neuron_model_lif_impl.h, lif_neuron_closed_form). It keeps nothing here: with tau_m a
sixteenth of a tick the factor e^-16 is 0 in S16.15, R is 1, V_rest 0, and V is the current of the
tick. A gate's bias is part of its threshold. With E the clock's weight, in whole units of a
neuron's scale S,

    silent without the clock:   what cells alone can bring  <  threshold
    exact with it:              threshold - E = floor((1 - b) S) + 1,  hence  sum + E >= threshold
                                exactly where the graph's drive + b exceeds 1
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import nir
import numpy as np

from ..exponential import FRACTION, factors, time_constants
from ..levels import whole
from ..network import INPUT, Ints, Neurons, Quantized, Synapses
from ..populations import Array, Numbers, bias_of
from ..target import Target
from ..turns import TICKS, Readout, Source, reach, shared, taking_turns

# of a ring buffer; a sum beyond it saturates there
TOP = 2**16 - 1
# of S16.15, without its sign
_REALS = 2**31 - 1
# of a ring buffer's range; the rest is for rounding
_USED = 0.98
_TINY = 1e-12


def population(graph: nir.NIRGraph, target: Target, dt: float) -> Quantized:
    """The graph in SpiNNaker's integers; every rounding and its error is in `notes`."""
    return taking_turns(graph, target, dt, _Builder())


@dataclass
class _Builder:
    """Groups of one network, with one list of notes."""

    notes: list[str] = field(default_factory=list)

    def gates(
        self, n: Numbers, sources: Sequence[Source], clock: int, channels: int, *, tick: int
    ) -> tuple[Neurons, list[Synapses]]:
        """Neurons that only hear the present tick, and fire in those with a clock."""
        needed = 1.0 - n.bias
        up, down = (sum(np.maximum(s * e.weight, 0).sum(1) for e in sources) for s in (1, -1))
        overheard = sum(np.maximum(e.weight[:, e.holding], 0).sum(1) for e in sources)
        enabled = np.maximum(overheard - needed, 0.0)
        scale = _largest(np.maximum(up + enabled, down), needed)
        scale = shared(scale, np.concatenate([each.weight for each in sources], axis=1))
        fed = [self._synapses(each, n.gates, scale) for each in sources]
        brought = sum(
            np.maximum(made.weight[:, each.holding], 0).sum(1)
            for made, each in zip(fed, sources, strict=True)
        )
        own = np.floor(needed * scale).astype(np.int64) + 1
        threshold = np.maximum(own, brought + 1)
        self._note(n.gates, "biases", np.abs(own - needed * scale) / scale, np.abs(n.bias))
        column = np.zeros((len(own), channels), np.int64)
        column[:, clock] = threshold - own
        fed.append(Synapses(INPUT, n.gates, column, 1))
        return _memoryless(n.gates, threshold, tick=tick), fed

    def cells(self, n: Numbers, *, tick: int) -> tuple[Neurons, list[Synapses]]:
        """Currents that leak, and relays, which keep nothing.

        The ring buffer is shifted as far as a cell has room for that gathers its largest sum at
        every step.
        """
        tau = time_constants(n.forget ** (1.0 / TICKS))
        kept = factors(tau)
        keep, gain = kept.keep / 2**FRACTION, kept.gain / 2**FRACTION
        self._note(n.cell, "decays per step", np.abs(keep**TICKS - n.forget), n.forget)
        peak = np.abs(n.mix).max(axis=1)
        at_once = reach(n.mix) / peak
        # a row has one weight but for its sign, which is then exact
        scale = np.floor(_USED * TOP / at_once) / peak
        gathered = float((gain / (1.0 - keep**TICKS)).max())
        shift = math.floor(math.log2(_REALS / (TOP * max(gathered, 1.0))))
        none = np.zeros(n.mix.shape[1], bool)
        made = self._synapses(Source(n.gates, n.mix, peak, none), n.cell, scale, shift)
        exact = scale * gain * 2.0**shift
        # what is beyond the numbers is beyond what the cell can gather
        threshold = np.floor(np.minimum(exact, _REALS - 1)).astype(np.int64) + 1
        self._note(n.cell, "thresholds", 1.0 / exact, np.array([1.0]))
        nothing = np.zeros_like(threshold)
        return Neurons(n.cell, threshold, nothing, tau, nothing, tick=tick), [made]

    def readout(self, node: nir.NIRNode, source: Source, name: str, *, tick: int) -> Readout:
        """Neurons that never fire, whose potentials are the outputs; and the unit of these."""
        bias = bias_of(node)
        scale = np.full(len(bias), _largest(source.reach, bias).min())
        made = self._synapses(source, name, scale)
        held = np.round(bias * scale).astype(np.int64)
        self._note(name, "biases", np.abs(held / scale - bias), np.abs(bias))
        never = np.full(len(bias), _REALS)
        return _memoryless(name, never, bias=held, spikes=0, tick=tick), [made], 1.0 / scale[0]

    def _synapses(self, source: Source, target: str, scale: Array, shift: int = 0) -> Synapses:
        exact = source.weight * scale[:, None]
        found = whole(exact, source.chains)
        error = np.abs(found - exact) / scale[:, None]
        self._note(f"{source.name} to {target}", "weights", error, np.abs(source.weight))
        return Synapses(source.name, target, found, 1, shift)

    def _note(self, where: str, what: str, error: Array, of: Array) -> None:
        largest = float(error.max(initial=0.0))
        if largest > _TINY:
            self.notes.append(
                f"{where}: {what} rounded, largest error {largest:.3g} of {float(of.max()):.3g}"
            )


def _largest(sums: Array, values: Array) -> Array:
    """Scales with which sums fit a ring buffer and values S16.15."""
    of_ring = _USED * TOP / np.maximum(sums, _TINY)
    found: Array = np.minimum(of_ring, _USED * _REALS / np.maximum(np.abs(values), _TINY))
    return found


def _memoryless(
    name: str, threshold: Ints, *, tick: int, bias: Ints | None = None, spikes: int = 1
) -> Neurons:
    nothing = np.zeros_like(threshold)
    held = nothing if bias is None else bias
    return Neurons(name, threshold, held, nothing, nothing, spikes, tick)
