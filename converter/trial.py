"""A graph run once as it is meant, on random inputs, so that other readings can be compared."""

from __future__ import annotations

from dataclasses import dataclass

import nir
import numpy as np
from numpy.typing import NDArray

from .nir_flat import flattened
from .nir_graph import semantics_of
from .nir_interpreter import NirRun, run_nir
from .nir_rules import require_readable
from .nir_widths import says
from .semantics import Semantics

_ROUNDING = 1e-9
_SCALES = (1.0, 8.0, 64.0, 512.0)


@dataclass(frozen=True, eq=False)
class Trial:
    """What was run, and what came out.

    x      the inputs  # (batch, time, inputs)
    how    the semantics under which the graph was written
    meant  its run under them
    """

    graph: nir.NIRGraph
    dt: float
    x: NDArray[np.float64]
    how: Semantics
    meant: NirRun

    @property
    def silent(self) -> list[str]:
        """Spiking nodes of which no neuron ever fired."""
        return sorted(name for name, fired in self.meant.spikes.items() if not fired.any())

    def differing(self, how: Semantics, graph: nir.NIRGraph | None = None) -> float:
        """Share of the bins that another reading, or another graph of the same nodes, changes.

        A bin is a neuron or an output at a step. Outputs are equal to nine digits of the largest,
        because readings add in different orders.
        """
        found = run_nir(graph or self.graph, self.x, dt=self.dt, semantics=how)
        wrong, bins = 0, 0
        for name, wanted in self.meant.spikes.items():
            fired = found.spikes.get(name)
            same = fired is not None and fired.shape == wanted.shape
            changed = wanted != fired if same else np.ones(wanted.shape, dtype=bool)
            if name in found.counts:
                changed = changed | (found.counts[name] > 1)
            wrong, bins = wrong + int(changed.sum()), bins + wanted.size
        output, other = self.meant.output, found.output
        if output.shape != other.shape:
            return (wrong + output.size) / (bins + output.size)
        room = _ROUNDING * max(1.0, float(np.abs(output).max(initial=0.0)))
        off = ~(np.abs(output - other) <= room)
        return (wrong + int(off.sum())) / max(1, bins + output.size)


def tried(
    graph: nir.NIRGraph, *, dt: float, seed: int = 0, batch: int = 4, steps: int = 50
) -> Trial:
    """Run `graph` on random inputs; raises what `run_nir` does.

    Half of the samples are 0 or 1, the others multiples of 2^-8 in [-1, 1]; where some neurons
    then stay silent, all of it 8, 64 or 512 times as large.
    """
    graph = flattened(graph)
    source, _ = require_readable(graph)
    width = says(graph.nodes[source]) or 0
    rng = np.random.default_rng(seed)
    x: NDArray[np.float64] = np.rint(rng.uniform(-1.0, 1.0, (batch, steps, width)) * 256.0) / 256.0
    x[::2] = rng.random((len(x[::2]), steps, width)) < 0.5
    how = semantics_of(graph)
    trials = (
        Trial(graph, dt, scale * x, how, run_nir(graph, scale * x, dt=dt, semantics=how))
        for scale in _SCALES
    )
    best = next(trials)
    for trial in trials:
        if not best.silent:
            break
        best = min(best, trial, key=lambda each: len(each.silent))
    return best
