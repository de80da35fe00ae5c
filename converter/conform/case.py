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

from ..consumers import Answer, Consumer
from ..drift import rasters
from ..nir_file import export_nir, read_nir
from ..nir_flat import flattened
from ..nir_graph import populations, read_advice, semantics_of
from ..nir_interpreter import NirRun, run_nir
from ..onnx_file import export_onnx
from ..presets import PRESETS
from ..support import LOSSY, REFUSED, SUPPORTED, Support, in_file_order, verdict
from ..trial import Trial, tried
from .agreement import Rasters

Network = SpikingNetwork | CodedNetwork
Outputs = NDArray[Any] | None
# what engines make of ONNX files otherwise than written
_ENGINE_HABITS: dict[str, Callable[[Network], tuple[str, tuple[str, ...]]]] = {
    "openvino": lambda _net: (LOSSY, ("it changes the last bits of doubles",)),
    "tract": lambda net: (
        (REFUSED, ("it does not round doubles",)) if isinstance(net, CodedNetwork) else _AS_WRITTEN
    ),
}
_AS_WRITTEN: tuple[str, tuple[str, ...]] = (SUPPORTED, ())


@dataclass(frozen=True, eq=False)
class Reading:
    """One consumer's part of a case.

    file       that it reads; None where none can be written for it
    predicted  what it will do
    foretold   its rasters as its preset gives them, where it has one
    """

    file: Path | None
    predicted: Support
    foretold: Rasters | None


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
    trials: dict[tuple[str, str], Trial | None] = {}
    readings = {}
    for consumer in consumers:
        key = (consumer.profile, consumer.dialect)
        if key not in files:
            stem = folder / f"{name}-{'-'.join(key)}"
            words = {"profile": consumer.profile, "dialect": consumer.dialect}
            files[key] = _written(net, x, stem, **words, dt=dt)
        if key not in trials:
            trials[key] = _trial(files[key], x.numpy(), dt)
        readings[consumer.name] = _reading(consumer, files[key], trials[key], net)

    def shown(consumer: Consumer, answer: Answer) -> Rasters:
        if consumer.profile == "onnx":
            return answer.spikes
        return _populations(answer.spikes, net, consumer.profile)

    return Case(name, x.numpy(), truth, output, readings, shown)


def file_case(path: Path, consumers: Sequence[Consumer], *, dt: float, seed: int = 0) -> Case:
    """The NIR file as it is, on random inputs; right is what our interpreter makes of it.

    Raises what `read_nir` and `run_nir` raise.
    """
    graph = read_nir(path)
    trial = tried(graph, dt=dt, seed=seed)

    def shown(_consumer: Consumer, answer: Answer) -> Rasters:
        # where nothing fires, there is only the output to compare
        return answer.spikes if trial.meant.spikes else {"output": answer.output}

    readings = {}
    for consumer in consumers:
        predicted = verdict(graph, trial, consumer.name)
        readings[consumer.name] = Reading(path, predicted, _foretold(trial, predicted))
    return Case(path.name, trial.x, _raster(trial.meant), None, readings, shown)


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


def _reading(consumer: Consumer, file: Path | str, trial: Trial | None, net: Network) -> Reading:
    if isinstance(file, str):
        return Reading(None, Support(consumer.name, REFUSED, (file,), None), None)
    if trial is None:
        habit = _ENGINE_HABITS.get(consumer.name)
        state, reasons = habit(net) if habit else _AS_WRITTEN
        return Reading(file, Support(consumer.name, state, reasons, None), None)
    predicted = verdict(trial.graph, trial, consumer.name)
    found = _foretold(trial, predicted)
    profile = read_advice(trial.graph)["profile"]
    return Reading(file, predicted, None if found is None else _populations(found, net, profile))


def _trial(file: Path | str, x: NDArray[Any], dt: float) -> Trial | None:
    """A NIR file run as it is meant on x; nothing for another file, or none."""
    if isinstance(file, str) or file.suffix != ".nir":
        return None
    graph = flattened(read_nir(file))
    how = semantics_of(graph)
    return Trial(graph, dt, x, how, run_nir(graph, x, dt=dt, semantics=how))


def _foretold(trial: Trial, predicted: Support) -> Rasters | None:
    """What the consumer's preset answers; nothing where it will refuse."""
    if predicted.state == REFUSED:
        return None
    how, graph = PRESETS[predicted.consumer], in_file_order(trial.graph)
    return _raster(run_nir(graph, trial.x, dt=trial.dt, semantics=how))


def _raster(done: NirRun) -> Rasters:
    return {**done.spikes, **done.counts} if done.spikes else {"output": done.output}


def _populations(spikes: Rasters, net: Any, profile: str) -> Rasters:
    """By population; nothing where a node is missing, which `agreement` then says."""
    try:
        return populations(spikes, net, profile=profile)
    except (SubspikeError, LookupError, ValueError):
        return {}
