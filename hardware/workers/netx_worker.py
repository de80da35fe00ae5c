"""netx of lava-dl: the `.net` file among a configuration's files, on lava's fixed-point models."""

from __future__ import annotations

import sys
import tempfile
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .lava_models.importing import import_lava

import_lava()
# a part of slayer that wants torchvision and OpenCV, and that netx never uses
sys.modules["lava.lib.dl.slayer.object_detection"] = types.ModuleType("object_detection")

from lava.lib.dl.netx.hdf5 import Network  # noqa: E402
from lava.magma.core.run_conditions import RunSteps  # noqa: E402
from lava.magma.core.run_configs import Loihi2SimCfg  # noqa: E402
from lava.proc.io.sink import RingBuffer as Sink  # noqa: E402
from lava.proc.io.source import RingBuffer as Source  # noqa: E402
from lava.proc.monitor.process import Monitor  # noqa: E402


def run(
    about: Mapping[str, Any], arrays: Mapping[str, Any], arriving: Any, watched: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Sample by sample, each in a network that is read anew."""
    at = about["files"].index("network.net")
    names = [group["name"] for group in about["groups"]]
    found: dict[str, dict[str, list[Any]]] = {
        kind: {name: [] for name in names} for kind in ("spikes", "potentials", "currents")
    }
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "network.net"
        path.write_bytes(arrays[f"file{at}"].astype(np.uint8).tobytes())
        for sample in arriving:
            for kind, each in _sample(str(path), sample, names).items():
                for name, values in each.items():
                    found[kind][name].append(values)
    whole = {kind: {n: np.stack(v) for n, v in each.items()} for kind, each in found.items()}
    states = {kind: {n: whole[kind][n] for n in watched} for kind in ("potentials", "currents")}
    return {"spikes": whole["spikes"], **states}


def _sample(path: str, sample: Any, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    ticks = len(sample)
    network = Network(path)
    source = Source(data=np.ascontiguousarray(sample.T).astype(np.int32))
    source.s_out.connect(network.inp)
    sinks, monitors = {}, {}
    for name, layer in zip(names, network.layers, strict=True):
        sinks[name] = Sink(shape=layer.out.shape, buffer=ticks)
        layer.out.connect(sinks[name].a_in)
        for part in "uv":
            monitors[name, part] = Monitor()
            monitors[name, part].probe(getattr(layer.neuron, part), ticks)
    try:
        network.run(RunSteps(num_steps=ticks), Loihi2SimCfg(select_tag="fixed_pt"))
        spikes = {name: sink.data.get().T for name, sink in sinks.items()}
        states = {
            key: np.asarray(next(iter(next(iter(m.get_data().values())).values())), np.int64)
            for key, m in monitors.items()
        }
    finally:
        network.stop()
    return {
        "spikes": spikes,
        "potentials": {name: states[name, "v"] for name in names},
        "currents": {name: states[name, "u"] for name in names},
    }
