"""NIR files: written whole or not at all, read with suspicion, proved by running them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nir
import numpy as np
import torch
from torch import Tensor

from spiking import SpikingNetwork
from spiking.errors import DriftError, GraphError
from spiking.files import proved, write_whole

from .dialect import NEWEST, dialect_named, in_dialect
from .drift import Drift, drift, require_samples
from .hdf5 import MOST_BYTES
from .nir_flat import flattened
from .nir_graph import PORTABLE_DT, populations, profile_named, read_advice, to_nir
from .nir_hdf5 import open_nir
from .nir_interpreter import run_nir
from .nir_rules import require_readable
from .nir_units import in_seconds


def write_nir(graph: nir.NIRGraph, path: Path, *, dialect: str | None = None) -> None:
    """Write `graph` to `path` in HDF5; the file appears whole or not at all.

    dialect  release of nir that must read it, one of DIALECTS; None takes what `to_nir` was told,
             and the newest for other graphs

    Raises ConfigError for an unknown dialect, ExportError naming what the release or HDF5 cannot
    say, CheckpointError where the file cannot be written.
    """
    if dialect is None:
        try:
            dialect = str(read_advice(graph)["dialect"])
        except GraphError:
            dialect = NEWEST
    write_whole(path, in_dialect(graph, dialect_named(dialect)))


def round_trip(graph: nir.NIRGraph) -> nir.NIRGraph:
    """`graph` as a file gives it back; raises what `write_nir` and `read_nir` do."""
    with tempfile.TemporaryDirectory(prefix="subspike-") as folder:
        path = Path(folder) / "graph.nir"
        write_nir(graph, path)
        return read_nir(path)


def read_nir(
    path: Path,
    *,
    unit: str | None = None,
    dt: float = PORTABLE_DT,
    most_bytes: int = MOST_BYTES,
) -> nir.NIRGraph:
    """Read a NIR file from a stranger, of any release from 0.2 to 1.0.8.

    unit  of the file's time constants, one of UNITS ("s", "ms", "steps"); the graph is returned in
          seconds. None takes them for seconds without asking whether that can be
    dt    seconds per step, for "steps" and for judging whether a unit can be meant
    most_bytes  that the arrays of the file may claim

    Sizes are read from the headers and bounded before anything is allocated; links and data
    outside the file are refused. Graphs within the graph are flattened.
    Raises GraphError for a file that is truncated, not NIR, too large, or holds nodes that
    `run_nir` does not understand (all are named) or arrays that are no numbers, or a unit in which
    its time constants cannot be meant; NotFiniteError naming node and field.
    """
    graph = flattened(open_nir(path, most_bytes=most_bytes))
    require_readable(graph)
    return graph if unit is None else in_seconds(graph, unit=unit, dt=dt)


def export_nir(
    net: SpikingNetwork,
    path: Path,
    x: Tensor,
    *,
    profile: str = "portable",
    dialect: str = NEWEST,
    dt: float = PORTABLE_DT,
) -> Drift:
    """Write `net` to `path` and prove the file: read it back, run it, compare every spike.

    x                 inputs to prove it on (batch, time, input)
    profile, dialect  as `to_nir` takes them

    Raises DriftError naming the first differing spike, or saying that a logit differs, and what
    `to_nir` raises; then no file is left behind. EmptyDataError where x proves nothing.
    """
    require_samples(x)
    graph = to_nir(net, profile=profile, dialect=dialect, dt=dt)
    with proved(path) as candidate:
        write_nir(graph, candidate)
        found = verify_nir(read_nir(candidate), net, x, dt=dt)
        found.require_none(what=f"the file {path.name}")
    return found


@torch.no_grad()
def verify_nir(
    graph: nir.NIRGraph, net: SpikingNetwork, x: Tensor, *, dt: float = PORTABLE_DT
) -> Drift:
    """Run `graph` and `net` on x (batch, time, input) and compare their spikes and logits.

    Raises DriftError where all spikes are equal and an output is not.
    """
    expected = net.run(x, record=True)
    profile = profile_named(read_advice(graph)["profile"])
    inputs = net.encode(x).cpu().numpy()
    done = run_nir(graph, inputs, dt=dt, semantics=profile.semantics)
    if done.counts:
        raise DriftError(f"neurons of {sorted(done.counts)} fire several times in a step")
    found = drift(
        {name: value.cpu().numpy() for name, value in expected.spikes.items()},
        populations(done.spikes, net, profile=profile.name),
    )
    said = expected.output * net.code.levels if expected.logits is None else expected.logits
    # without a readout, some profiles let the top layer's spikes out, which were compared
    if found.differing == 0 and done.output.shape == said.shape:
        wanted = said.cpu().numpy().astype(np.float64)
        if not np.array_equal(done.output, wanted):
            raise DriftError("all spikes are equal, yet the outputs differ")
    return found
