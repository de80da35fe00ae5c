"""NIR files: written whole or not at all, read with suspicion, proved by running them."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import nir
import torch
from torch import Tensor

from spiking import SpikingNetwork
from spiking.errors import DriftError, GraphError
from spiking.files import proved, write_whole

from .drift import Drift, drift, require_samples
from .nir_graph import PORTABLE_DT, populations, to_nir
from .nir_interpreter import require_readable, run_nir

_MOST_BYTES = 2**31
_MOST_OBJECTS = 100_000


def write_nir(graph: nir.NIRGraph, path: Path) -> None:
    """Write `graph` to `path` in HDF5; the file appears whole or not at all.

    Raises CheckpointError where it cannot be written.
    """
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    write_whole(path, buffer.getvalue())


def read_nir(path: Path) -> nir.NIRGraph:
    """Read a NIR file from a stranger.

    Sizes are read from the headers and bounded (2 GiB, 100,000 objects) before anything is
    allocated; links and data outside the file are refused. Raises GraphError for a file that is
    truncated, not NIR, too large, or holds nodes that `run_nir` does not understand (all are
    named) or arrays that are no numbers, NotFiniteError naming node and field.
    """
    if not path.is_file():
        raise GraphError(f"{path}: there is no such file")
    try:
        with h5py.File(path, "r") as file:
            _require_modest(file, path)
        graph = nir.read(path)
    except GraphError:
        raise
    except Exception as error:  # h5py and nir raise OSError, KeyError, AssertionError, TypeError...
        raise GraphError(
            f"{path}: not a readable NIR file ({type(error).__name__}: {error}); it may be "
            "truncated, of another format, or hold a node type that nir does not know"
        ) from error
    if not isinstance(graph, nir.NIRGraph):
        raise GraphError(f"{path}: holds a single {type(graph).__name__}, not a graph")
    require_readable(graph)
    return graph


def _require_modest(file: h5py.File, path: Path) -> None:
    total, objects, groups = 0, 0, [file]
    while groups:
        group = groups.pop()
        for name in group:
            objects += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise GraphError(f"{path}: {group.name}/{name} is a link, which NIR never writes")
            item = group[name]
            if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                raise GraphError(f"{path}: {item.name} keeps its data in another file")
            if isinstance(item, h5py.Group):
                groups.append(item)
            else:
                total += item.size * item.dtype.itemsize if item.shape is not None else 0
            if objects > _MOST_OBJECTS or total > _MOST_BYTES:
                raise GraphError(
                    f"{path}: claims more than {_MOST_OBJECTS} objects or {_MOST_BYTES} bytes"
                )


def export_nir(net: SpikingNetwork, path: Path, x: Tensor, *, dt: float = PORTABLE_DT) -> Drift:
    """Write `net` to `path` and prove the file: read it back, run it, compare every spike.

    x  inputs to prove it on (batch, time, input)

    Raises DriftError naming the first differing spike, or saying that a logit differs, and what
    `to_nir` raises; then no file is left behind. EmptyDataError where x proves nothing.
    """
    require_samples(x)
    graph = to_nir(net, dt=dt)
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

    Raises DriftError where all spikes are equal and a logit is not.
    """
    expected = net.run(x, record=True)
    done = run_nir(graph, net.encode(x).cpu().numpy(), dt=dt)
    found = drift(
        {name: value.cpu().numpy() for name, value in expected.spikes.items()},
        populations(done.spikes, net),
    )
    if found.differing == 0 and expected.logits is not None:
        logits = torch.from_numpy(done.output).to(expected.logits)
        if not torch.equal(logits, expected.logits):
            raise DriftError("all spikes are equal, yet the readout's logits differ")
    return found
