"""The cases that a path stands for: an export folder, a network's own file, or a NIR file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..consumers import Consumer
from ..dialect import NEWEST
from ..drift import drift
from ..golden import read_golden
from ..network_file import load_network
from ..nir_file import read_nir
from ..nir_graph import read_advice
from ..quantize import quantize
from .case import Case, Network, file_case, network_case


def cases_of(
    path: Path, consumers: Sequence[Consumer], folder: Path, *, dt: float, seed: int = 0
) -> tuple[Case, ...]:
    """The cases of an export folder, of a network's own file, or of a NIR file.

    A network is written in each consumer's own profile into `folder`, but where an export folder
    holds that file; it is compared on random inputs, and on the folder's golden vectors.

    Raises DriftError for golden vectors of another network, and what the readers of these files
    raise.
    """
    if path.suffix == ".nir":
        return (file_case(path, consumers, dt=dt, seed=seed),)
    net = load_network(path / "network.safetensors" if path.is_dir() else path)
    net = net if net.grid is not None else quantize(net)
    given = _files_in(path, dt) if path.is_dir() else {}
    words: dict[str, Any] = {"dt": dt, "given": given}
    found = [
        network_case(net, random_inputs(net, seed=seed), consumers, folder, name="random", **words)
    ]
    if path.is_dir() and (path / "golden.npz").is_file():
        golden = read_golden(path / "golden.npz")
        x = torch.from_numpy(golden.x.copy())
        case = network_case(net, x, consumers, folder, name="golden", **words)
        drift(golden.spikes, case.rasters).require_none(what=f"{path / 'golden.npz'}")
        found.insert(0, case)
    return tuple(found)


def random_inputs(net: Network, *, seed: int = 0, batch: int = 4, steps: int = 50) -> Tensor:
    """As large as the network takes them.  # (batch, steps, input)"""
    most = 1.0 if net.grid is None else net.grid.input_max
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(batch, steps, net.input_size, generator=generator) * 2.0 - 1.0) * most


def _files_in(folder: Path, dt: float) -> dict[tuple[str, str], Path]:
    """NIR files of this step and ONNX files of an export folder, by profile and dialect."""
    found = {}
    for path in sorted(folder.glob("network*.nir")):
        advice = read_advice(read_nir(path))
        if advice["dt"] == dt:
            found[advice["profile"], advice["dialect"]] = path
    if (folder / "network.onnx").is_file():
        found["onnx", NEWEST] = folder / "network.onnx"
    return found
