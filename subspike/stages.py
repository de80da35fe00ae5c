"""The stages of a comparison: each one runs the test set its own way and reports what it saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from converter import (
    CONSUMERS,
    drift,
    load_onnx,
    multispike_to_nir,
    populations,
    rate_trace,
    read_nir,
    run_consumer,
    run_nir,
    run_onnx,
)
from converter.bundle import nir_name
from converter.nir_graph import PORTABLE_DT
from hardware import TARGETS, Placement, Run, place, simulate
from spiking import (
    MultiSpikeNetwork,
    NetworkRun,
    SpikingNetwork,
    SubLSTMClassifier,
    activity,
    processes,
    twin_forward,
    twin_trace,
)
from spiking.errors import ConfigError, MissingSoftwareError

from .compare import Column, Missing
from .tasks import Task

Network = TypeVar("Network", bound=nn.Module)

XYLO = "xylo-audio3"
XYLO_DT = 1e-3


@dataclass(frozen=True)
class Subjects:
    """What is compared.

    rate        the rate model
    network     its spiking network on the grid, which `exported` was written from
    exported    folder that `converter.export` wrote
    device      where rate and spiking model run; files and chips run on the CPU
    converted   the network as `convert` made it, without data, if it is to be shown
    tuned       the same after tuning, off the grid
    multispike  the network for Xylo
    """

    rate: SubLSTMClassifier
    network: SpikingNetwork
    task: Task
    exported: Path
    device: torch.device
    converted: SpikingNetwork | None = None
    tuned: SpikingNetwork | None = None
    multispike: MultiSpikeNetwork | None = None

    @cached_property
    def inputs(self) -> NDArray[np.float32]:
        """The test inputs as the network's first layer receives them."""
        values: NDArray[np.float32] = self.network.encode(self.task.test_x).cpu().numpy()
        return values

    @cached_property
    def reference(self) -> NetworkRun:
        """The spiking network on the CPU, every spike recorded; what files are compared with."""
        with torch.no_grad():
            return self.network.cpu().run(self.task.test_x, record=True)

    @cached_property
    def rasters(self) -> dict[str, NDArray[np.bool_]]:
        """Its spikes by population."""
        return {name: value.numpy() for name, value in self.reference.spikes.items()}

    @cached_property
    def placement(self) -> Placement:
        """The multi-spike network on Xylo."""
        graph = multispike_to_nir(_given(self.multispike), dt=XYLO_DT)
        return place(graph, TARGETS[XYLO], dt=XYLO_DT)

    @cached_property
    def emulated(self) -> Run:
        """Our integer emulator's run of it."""
        return simulate(self.placement, self.chip_inputs)

    @cached_property
    def chip_inputs(self) -> NDArray[np.int64]:
        """The test inputs as spike counts per chip step."""
        spikes = _given(self.multispike).encode(self.task.test_x)
        values: NDArray[np.int64] = spikes.cpu().numpy().astype(np.int64)
        return values


Stage = Callable[[Subjects], Column]


def measure(subjects: Subjects, *, progress: bool = True) -> list[Column | Missing]:
    """Every stage in order; one whose software is absent is a `Missing` with the reason."""
    chosen = [(name, run) for name, run in STAGES.items() if _wanted(name, subjects)]
    found: list[Column | Missing] = []
    shown = progress and processes.rank() == 0
    bar = tqdm(chosen, "compare", unit="stage", disable=None if shown else True)
    for name, run in bar:
        bar.set_postfix_str(name)
        try:
            with torch.no_grad():
                found.append(replace(run(subjects), name=name))
        except MissingSoftwareError as error:
            found.append(Missing(name, str(error)))
    return found


def _wanted(name: str, subjects: Subjects) -> bool:
    conditions = {
        "converted, no data": subjects.converted is not None,
        "tuned": subjects.tuned is not None,
        "spiking on GPU": subjects.device.type != "cpu",
        "Xylo, our emulator": subjects.multispike is not None,
        "Xylo, XyloSim": subjects.multispike is not None,
    }
    return conditions.get(name, True)


def error_over_time(subjects: Subjects) -> dict[str, tuple[float, ...]]:
    """RMSE of every node against the rate model at each step, over the task's test part."""
    with torch.no_grad():
        x = subjects.task.test_x
        wanted = rate_trace(subjects.rate.cpu(), x)
        found = twin_trace(subjects.network.cpu(), x)
    return {
        name: tuple(((found[name] - wanted[name]) ** 2).mean((0, 2)).sqrt().tolist())
        for name in found
    }


def _rate(s: Subjects) -> Column:
    x = s.task.test_x.to(s.device)
    return Column("", _numpy(s.rate.to(s.device)(x)), note="the trained model")


def _spikes_of(net: SpikingNetwork, s: Subjects, note: str) -> Column:
    run = net.to(s.device).run(s.task.test_x.to(s.device))
    cost = activity(net, run.counts)
    return Column(
        "",
        _last(run.logits),
        spikes=float(cost.spikes.double().mean()),
        synops=float(cost.synops.double().mean()),
        note=note,
    )


def _converted(s: Subjects) -> Column:
    return _spikes_of(_given(s.converted), s, "populations in place of values, nothing trained")


def _tuned(s: Subjects) -> Column:
    return _spikes_of(_given(s.tuned), s, "tuned against the rate model through its twin")


def _twin(s: Subjects) -> Column:
    logits = twin_forward(s.network.cpu(), s.task.test_x)
    return Column(
        "", _numpy(logits), note="the rate equations with the code's rounding, on the grid"
    )


def _spiking(s: Subjects) -> Column:
    """The network itself; a value of its twin must be the number of spikes that stand for it."""
    twin, k = twin_trace(s.network.cpu(), s.task.test_x), s.network.code.levels
    differing = total = 0
    for index, layer in enumerate(s.network.stack):
        signs = layer.signs.numpy()
        for gate in "zio":
            counted = (s.rasters[f"l{index}.{gate}"] * signs).sum(-1)
            wanted = np.rint(twin[f"l{index}.{gate}"].numpy() * k) + s.network.code.rest
            differing += int((counted != wanted).sum())
            total += counted.size
    cost = activity(s.network, s.reference.counts)
    return Column(
        "",
        _last(s.reference.logits),
        spikes=float(cost.spikes.double().mean()),
        synops=float(cost.synops.double().mean()),
        differing=differing,
        total=total,
        against="quantised rate (values)",
        note="threshold neurons, one spike at most per step",
    )


def _on_gpu(s: Subjects) -> Column:
    run = s.network.to(s.device).run(s.task.test_x.to(s.device), record=True)
    s.network.cpu()
    rasters = {name: value.cpu().numpy() for name, value in run.spikes.items()}
    return _again(s, rasters, _last(run.logits), note=f"the same network on {s.device}")


def _integers(s: Subjects) -> Column:
    graph = read_nir(s.exported / "network.nir")
    run = simulate(place(graph, TARGETS["digital"], dt=PORTABLE_DT), s.inputs)
    note = "32-bit sums; the cell's decay is rounded to 16 fractional bits, its only difference"
    return _again(s, populations(run.spikes, s.network), run.outputs[:, -1], note=note)


def _interpreter(s: Subjects) -> Column:
    run = run_nir(read_nir(s.exported / "network.nir"), s.inputs, dt=PORTABLE_DT)
    cost = activity(s.network, s.reference.counts)
    note = "the NIR file, read back and run by our interpreter"
    return replace(
        _again(s, populations(run.spikes, s.network), run.output[:, -1], note=note),
        spikes=float(cost.spikes.double().mean()),
        synops=float(cost.synops.double().mean()),
        counted=float(np.mean(np.sum(list(run.synops.values()), axis=0))),
    )


def _consumer(library: str) -> Stage:
    profile = CONSUMERS[library].profile

    def stage(s: Subjects) -> Column:
        inputs = torch.from_numpy(s.inputs)
        rasters, outputs = run_consumer(library, s.exported / nir_name(profile), inputs)
        note = f"the {profile} file, imported by {library}"
        found = populations(rasters, s.network, profile=profile)
        return _again(s, found, outputs[:, -1], note=note)

    return stage


def _onnx(s: Subjects) -> Column:
    run = run_onnx(load_onnx(s.exported / "network.onnx"), s.inputs)
    return _again(s, run.spikes, run.output[:, -1], note="the ONNX file in ONNX Runtime")


def _again(
    s: Subjects, rasters: Mapping[str, NDArray[np.bool_]], logits: NDArray[Any], *, note: str
) -> Column:
    """A re-execution of the spiking network, compared with it spike for spike."""
    found = drift(s.rasters, rasters)
    return Column(
        "",
        logits,
        differing=found.differing,
        total=found.total,
        against="spiking",
        note=note,
    )


def _xylo_emulated(s: Subjects) -> Column:
    net = _given(s.multispike)
    trace = net.trace(s.task.test_x)
    fired = trace["n2_hidden"].numpy()
    raster = s.emulated.spikes["n2_hidden"]
    return Column(
        "",
        s.emulated.outputs[:, -1].astype(np.float64),
        spikes=float(raster.sum((1, 2)).mean()),
        synops=float(np.mean(s.emulated.synops)),
        differing=int((raster != fired).sum()),
        total=raster.size,
        against="multi-spike network",
        made_from="rate",
        note=f"multi-spike code, 8-bit weights, placed on {XYLO}",
    )


def _xylo_vendor(s: Subjects) -> Column:
    run = simulate(s.placement, s.chip_inputs, vendor=True)
    raster, wanted = run.spikes["n2_hidden"], s.emulated.spikes["n2_hidden"]
    return Column(
        "",
        run.outputs[:, -1].astype(np.float64),
        differing=int((raster != wanted).sum()),
        total=raster.size,
        against="our emulator",
        note="the same placement in the vendor's simulator",
    )


STAGES: dict[str, Stage] = {
    "rate": _rate,
    "converted, no data": _converted,
    "tuned": _tuned,
    "quantised rate": _twin,
    "spiking": _spiking,
    "spiking on GPU": _on_gpu,
    "spiking on integers": _integers,
    "NIR, our interpreter": _interpreter,
    "NIR, snnTorch": _consumer("snntorch"),
    "NIR, Norse": _consumer("norse"),
    "NIR, SpikingJelly": _consumer("spikingjelly"),
    "ONNX Runtime": _onnx,
    "Xylo, our emulator": _xylo_emulated,
    "Xylo, XyloSim": _xylo_vendor,
}


def _given(network: Network | None) -> Network:
    if network is None:
        raise ConfigError("this stage needs a network that was not given")
    return network


def _numpy(values: Tensor) -> NDArray[Any]:
    found: NDArray[Any] = values.detach().cpu().numpy()
    return found


def _last(logits: Tensor | None) -> NDArray[Any]:
    if logits is None:
        raise ConfigError("the network has no readout; convert a SubLSTMClassifier")
    return _numpy(logits[:, -1])
