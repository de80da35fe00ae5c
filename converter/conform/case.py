"""What consumers are compared on: a network or a NIR file, inputs, and the one right answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import CodedNetwork, SpikingNetwork
from spiking.errors import DriftError, ExportError, SubspikeError

from ..consumers import Consumer
from ..consumers.guarded import Answer
from ..dialect import NEWEST
from ..drift import drift
from ..golden import rasters, read_golden
from ..network_file import load_network
from ..nir_file import export_nir, read_nir
from ..nir_graph import populations, read_advice, semantics_of
from ..nir_interpreter import NirRun, run_nir
from ..onnx_file import export_onnx
from ..quantize import quantize
from ..semantics import PRESETS
from ..support import LOSSY, REFUSED, SUPPORTED, Support, probe, support
from .agreement import Rasters

Network = SpikingNetwork | CodedNetwork
Outputs = NDArray[Any] | None
# engines that hold the cell in single precision
_LOSSY_ENGINES = {"openvino": "it holds the cell state in single precision"}


@dataclass(frozen=True, eq=False)
class Reading:
    """One consumer's part of a case.

    file       that it reads; None where none can be written for it
    predicted  what it will do
    foretold   its rasters and outputs as its preset gives them, where it has one
    """

    file: Path | None
    predicted: Support
    foretold: tuple[Rasters, Outputs] | None


@dataclass(frozen=True, eq=False)
class Case:
    """Inputs and the one right answer.

    x         (batch, time, inputs)
    rasters   {"l0.z": (batch, time, ...)}, or by node for a bare NIR file
    output    (batch, time, n) where it is exact and so compared, else None
    readings  {"norse": Reading, ...}
    shown     what a consumer answered, as rasters of the same names
    """

    name: str
    x: NDArray[Any]
    rasters: Rasters
    output: Outputs
    readings: Mapping[str, Reading]
    shown: Callable[[Consumer, Answer], Rasters]


@torch.no_grad()
def network_case(
    net: Network,
    x: Tensor,
    consumers: Sequence[Consumer],
    folder: Path,
    *,
    name: str,
    dt: float,
    given: Mapping[tuple[str, str], Path] | None = None,
) -> Case:
    """Write each consumer's own profile and dialect of `net` into `folder`.

    x      inputs (batch, time, input)
    given  files that exist already, by (profile, dialect)
    """
    x = net.encode(x).cpu()
    run = net.run(x, record=True)
    truth = rasters(run.spikes)
    output = None if run.logits is None else run.logits.cpu().numpy().astype(np.float64)
    files: dict[tuple[str, str], Path | str] = dict(given or {})
    readings = {}
    for consumer in consumers:
        key = (consumer.profile, consumer.dialect)
        if key not in files:
            stem = folder / f"{name}-{'-'.join(key)}"
            words = {"profile": consumer.profile, "dialect": consumer.dialect}
            files[key] = _written(net, x, stem, **words, dt=dt)
        readings[consumer.name] = _reading(consumer, files[key], net, x.numpy(), dt)

    def shown(consumer: Consumer, answer: Answer) -> Rasters:
        if consumer.profile == "onnx":
            return answer.spikes
        return _populations(answer.spikes, net, consumer.profile)

    return Case(name, x.numpy(), truth, output, readings, shown)


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
    given = _files_in(path) if path.is_dir() else {}
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


def _files_in(folder: Path) -> dict[tuple[str, str], Path]:
    """NIR and ONNX files of an export folder, by profile and dialect."""
    found = {}
    for path in sorted(folder.glob("network*.nir")):
        advice = read_advice(read_nir(path))
        found[advice["profile"], advice["dialect"]] = path
    if (folder / "network.onnx").is_file():
        found["onnx", NEWEST] = folder / "network.onnx"
    return found


def file_case(path: Path, consumers: Sequence[Consumer], *, dt: float, seed: int = 0) -> Case:
    """The NIR file as it is, on random inputs; right is what our interpreter makes of it.

    Raises what `read_nir` and `run_nir` raise.
    """
    graph = read_nir(path)
    x = probe(graph, seed=seed)
    meant = run_nir(graph, x, dt=dt, semantics=semantics_of(graph))

    def reading(consumer: Consumer) -> Reading:
        predicted = support(graph, consumer.name, dt=dt)
        return Reading(path, predicted, _foretold(graph, consumer, predicted, x, dt))

    def shown(_consumer: Consumer, answer: Answer) -> Rasters:
        # where nothing fires, there is only the output to compare
        return answer.spikes if meant.spikes else {"output": answer.output}

    readings = {each.name: reading(each) for each in consumers}
    return Case(path.name, x, _raster(meant), None, readings, shown)


def _written(
    net: Network, x: Tensor, stem: Path, *, profile: str, dialect: str, dt: float
) -> Path | str:
    """A file that our own interpreter or engine ran to the same spikes, or why there is none."""
    made: Any = net  # what a format cannot carry it refuses itself
    path = stem.with_name(f"{stem.name}.{'onnx' if profile == 'onnx' else 'nir'}")
    try:
        if profile == "onnx":
            export_onnx(made, path, x, dt=dt)
        else:
            export_nir(made, path, x, profile=profile, dialect=dialect, dt=dt)
    except DriftError:
        raise
    except ExportError as error:
        return str(error)
    return path


def _reading(
    consumer: Consumer, file: Path | str, net: Network, x: NDArray[Any], dt: float
) -> Reading:
    if isinstance(file, str):
        return Reading(None, Support(consumer.name, REFUSED, (file,), 1.0), None)
    if consumer.profile == "onnx":
        habit = _LOSSY_ENGINES.get(consumer.name)
        state, reasons = (LOSSY, (habit,)) if habit else (SUPPORTED, ())
        return Reading(file, Support(consumer.name, state, reasons, 0.0), None)
    graph = read_nir(file)
    predicted = support(graph, consumer.name, dt=dt)
    found = _foretold(graph, consumer, predicted, x, dt)
    if found is not None:
        found = _populations(found[0], net, read_advice(graph)["profile"]), found[1]
    return Reading(file, predicted, found)


def _foretold(
    graph: Any, consumer: Consumer, predicted: Support, x: NDArray[Any], dt: float
) -> tuple[Rasters, Outputs] | None:
    """What the consumer's preset answers on x; nothing where it will refuse."""
    if predicted.state == REFUSED:
        return None
    done = run_nir(graph, x, dt=dt, semantics=PRESETS[consumer.name])
    return _raster(done), done.output


def _raster(done: NirRun) -> Rasters:
    return {**done.spikes, **done.counts} if done.spikes else {"output": done.output}


def _populations(spikes: Rasters, net: Any, profile: str) -> Rasters:
    """By population; nothing where a node is missing, which `agreement` then says."""
    try:
        return populations(spikes, net, profile=profile)
    except (SubspikeError, LookupError, ValueError):
        return {}
