"""The verbs of the interchange: files written, looked through, run, and read by everyone."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nir
import torch
from numpy.typing import NDArray
from torch import Tensor

from converter import (
    CONSUMERS,
    DIALECTS,
    PROFILES,
    Lint,
    drift,
    lint_file,
    load_network,
    populations,
    read_nir,
    run_consumer,
    run_nir,
)
from converter import export as export_network
from converter import from_nir as network_of
from converter.conform import about, cases_of, text
from converter.conform import conform as run_everywhere
from converter.consumers import ENGINES, Consumer, Job, run_guarded
from converter.consumers.guarded import RAN
from converter.dialect import NEWEST
from converter.nir_graph import PORTABLE_DT, read_advice, semantics_of
from converter.nir_units import UNITS
from converter.onnx_graph import STORAGES
from hardware import TARGETS, deploy, emulate
from hardware import check as check_graph
from hardware.compound import COMPOUNDS
from spiking import CodedNetwork, SpikingNetwork
from spiking.errors import ConfigError, ExportError, GraphError, MissingSoftwareError
from spiking.guarded import SECONDS

from . import deployment_table
from .answer import DONE, NO, Answer
from .arguments import common, out, step, task
from .commands import on_grid, rate_of, task_of
from .deployment import ALL, deployed
from .order import Order
from .sharding import stretches
from .statistics import wilson

_INTERPRETER, _INTEGERS = "interpreter", "digital"
EVERYONE: dict[str, Consumer] = {**CONSUMERS, **ENGINES}
Rasters = dict[str, NDArray[Any]]
Engine = Callable[[Path, nir.NIRGraph, Tensor], tuple[Rasters, NDArray[Any]]]


def add_export(parser: ArgumentParser) -> None:
    """What to write, and how."""
    parser.add_argument("network", type=Path, help="spiking network (.safetensors)")
    out(parser, "folder to write into")
    parser.add_argument(
        "--profile",
        action="append",
        choices=tuple(PROFILES),
        help="layout of a NIR file, once for each (default: portable)",
    )
    parser.add_argument(
        "--dialect",
        choices=tuple(DIALECTS),
        default=NEWEST,
        help="release of nir that must read it (default: the newest)",
    )
    parser.add_argument(
        "--weights",
        choices=STORAGES,
        default="float",
        help="how the ONNX files store weights (default: float)",
    )
    step(parser)
    task(parser)
    common(parser)


def export(given: Namespace) -> Answer:
    """Write every format into a folder, each proved by running it."""
    data = task_of(given)
    net = on_grid(load_network(given.network), data)
    bundle = export_network(
        net,
        given.out,
        stretches(data, net)[0].test_x,
        profiles=list(dict.fromkeys(given.profile or ["portable"])),
        dialect=given.dialect,
        weights=given.weights,
        dt=given.dt,
    )
    if not bundle.drifts:
        raise ExportError("; ".join(f"{name}: {why}" for name, why in bundle.refused.items()))
    lines = [f"{path}" for path in bundle.files.values()]
    lines += [
        f"{name}: {found.differing} of {found.total} spikes differ"
        for name, found in bundle.drifts.items()
    ]
    lines += [f"{name}: not written; {reason}" for name, reason in bundle.refused.items()]
    return Answer(
        "\n".join(lines),
        {
            "files": {name: str(path) for name, path in bundle.files.items()},
            "differing": {name: found.differing for name, found in bundle.drifts.items()},
            "refused": dict(bundle.refused),
        },
    )


def add_check(parser: ArgumentParser) -> None:
    """Which file, and what it is meant for."""
    parser.add_argument("graph", type=Path, help="NIR file")
    parser.add_argument(
        "--target", choices=sorted(TARGETS), help="a chip whose rules count as well"
    )
    parser.add_argument(
        "--unit",
        choices=UNITS,
        help="of the file's time constants (default: seconds)",
    )
    step(parser)


def check(given: Namespace) -> Answer:
    """What is wrong in a NIR file, who reads it how, and which rules of a chip it breaks."""
    found = lint_file(given.graph, dt=given.dt, unit=given.unit)
    lines = [f"{finding}" for finding in found.findings]
    lines += [
        f"{name:<14}{each.state:<11}{_why(each.state, each.share, each.reasons)}".rstrip()
        for name, each in found.consumers.items()
    ]
    data = _as_data(found)
    sound = found.sound
    if given.target:
        graph = read_nir(given.graph, unit=given.unit, dt=given.dt)
        faults = check_graph(graph, TARGETS[given.target], dt=given.dt)
        data |= {
            "fits": not faults,
            "target": given.target,
            "violations": [
                {key: getattr(fault, key) for key in ("rule", "where", "have", "limit", "remedy")}
                for fault in faults
            ],
        }
        lines += [f"breaks a rule of {given.target}: {fault}" for fault in faults]
        lines += [] if faults else [f"fits {given.target}"]
        sound = sound and not faults
    lines.append(f"{given.graph}: {'sound' if found.sound else 'not sound'}")
    return Answer("\n".join(lines), data, DONE if sound else NO)


def _why(state: str, share: float | None, reasons: tuple[str, ...]) -> str:
    differs = f"{share:.2%} of bins differ: " if share and state == "lossy" else ""
    return differs + "; ".join(reasons)


def _as_data(found: Lint) -> dict[str, Any]:
    return {
        "sound": found.sound,
        "findings": [asdict(finding) for finding in found.findings],
        "consumers": {name: asdict(each) for name, each in found.consumers.items()},
    }


def add_run(parser: ArgumentParser) -> None:
    """Which file, and in what."""
    parser.add_argument("graph", type=Path, help="NIR file, or a network with --target")
    parser.add_argument(
        "--engine", default="interpreter", choices=(_INTERPRETER, _INTEGERS, *sorted(CONSUMERS))
    )
    parser.add_argument(
        "--target",
        choices=(ALL, *sorted(TARGETS)),
        help="run on a chip, or on all: does it fit, what is lost, do its simulators agree",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        help="with --target: rate checkpoint, for chips with neurons of another kind",
    )
    parser.add_argument("--samples", type=int, help="with --target: test samples (default: all)")
    parser.add_argument(
        "--compared", type=int, default=8, help="of them, for the vendors' simulators (default: 8)"
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="that a simulator may take (default: 300)"
    )
    task(parser)
    common(parser)


def run(given: Namespace) -> Answer:
    """Run a NIR file on the test set with one engine; its spikes must be the network's.

    With `--target`, on chips instead: see `deployed`.
    """
    if given.target:
        return _run_on_targets(given)
    data, graph = task_of(given), read_nir(given.graph)
    net, profile = network_of(graph), read_advice(graph)["profile"]
    engine = _ENGINES.get(given.engine) or _consumer(given.engine)
    right = differing = total = 0
    for part in stretches(data, net):
        x = net.encode(part.test_x)
        with torch.no_grad():
            reference = net.run(x, record=True)
        spikes, outputs = engine(given.graph, graph, x)
        rasters = {name: value.numpy() for name, value in reference.spikes.items()}
        found = drift(rasters, populations(spikes, net, profile=profile))
        if outputs.shape[-1] != data.classes:
            raise GraphError(f"{given.graph}: ends in {outputs.shape[-1]} outputs, not in classes")
        right += int((outputs[:, -1].argmax(1) == part.test_y.numpy()).sum())
        differing, total = differing + found.differing, total + found.total
    share = wilson(right, len(data.test_y))
    words = (
        f"{given.engine}: {share.value:.1%} [{share.low:.1%}, {share.high:.1%}] of "
        f"{len(data.test_y)} samples; {differing} of {total} spikes differ from the "
        f"network"
    )
    numbers = {
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "differing": differing,
        "total": total,
    }
    # the integer core rounds the decay, so a difference there is a finding, not a fault
    exact = differing == 0 or given.engine == _INTEGERS
    return Answer(words, numbers, DONE if exact else NO)


def _run_on_targets(given: Namespace) -> Answer:
    """The network on one target or all of them."""
    data = task_of(given)
    if given.graph.suffix == ".nir":
        net: SpikingNetwork | CodedNetwork = network_of(read_nir(given.graph))
    else:
        net = on_grid(load_network(given.graph), data)
        units = given.target != ALL and TARGETS[given.target].family is COMPOUNDS
        if not (units or isinstance(net, SpikingNetwork)):
            raise ExportError(
                f"{given.graph}: chips take populations with a constant forget, not {net.code}; "
                "convert with --code population"
            )
    order = Order(
        net,
        data,
        teacher=None if given.teacher is None else rate_of(given.teacher),
        samples=given.samples,
        compared=given.compared,
        seconds=given.seconds,
        seed=given.seed,
        progress=not given.quiet,
    )
    rows = deployed(order, sorted(TARGETS) if given.target == ALL else (given.target,))
    return Answer(
        deployment_table.table(rows), deployment_table.data(rows), deployment_table.answered(rows)
    )


def _interpreted(_path: Path, graph: nir.NIRGraph, x: Tensor) -> tuple[Rasters, NDArray[Any]]:
    done = run_nir(graph, x.numpy(), dt=PORTABLE_DT, semantics=semantics_of(graph))
    return dict(done.spikes), done.output


def _on_integers(_path: Path, graph: nir.NIRGraph, x: Tensor) -> tuple[Rasters, NDArray[Any]]:
    ran = emulate(deploy(graph, TARGETS[_INTEGERS], dt=PORTABLE_DT).network, x.numpy())
    return {name: each > 0 for name, each in ran.spikes.items()}, ran.outputs


_ENGINES: dict[str, Engine] = {_INTERPRETER: _interpreted, _INTEGERS: _on_integers}


def _consumer(name: str) -> Engine:
    """Another's simulator: in this process, or where it lives apart, guarded in its own."""

    def inside(path: Path, _graph: nir.NIRGraph, x: Tensor) -> tuple[Rasters, NDArray[Any]]:
        spikes, output = run_consumer(name, path, x)
        return dict(spikes), output

    def apart(path: Path, _graph: nir.NIRGraph, x: Tensor) -> tuple[Rasters, NDArray[Any]]:
        (answer,) = run_guarded(CONSUMERS[name], [Job(path, x.numpy())])
        if CONSUMERS[name].python is None:
            raise MissingSoftwareError(f"{name} is not installed", CONSUMERS[name].command)
        if answer.state != RAN:
            raise GraphError(f"{path}: {name} {answer.state}: {answer.reason}")
        return answer.spikes, answer.output

    return apart if CONSUMERS[name].apart else inside


def add_conform(parser: ArgumentParser) -> None:
    """Which file, and by whom."""
    parser.add_argument(
        "file", type=Path, help="export folder, spiking network (.safetensors) or NIR file (.nir)"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted(EVERYONE),
        help="one consumer, or several by repeating it (default: all)",
    )
    parser.add_argument(
        "--seconds", type=float, default=120.0, help="for each case of a consumer (default: 120)"
    )
    step(parser)
    parser.add_argument("--seed", type=int, default=0, help="of random inputs (default: 0)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def conform(given: Namespace) -> Answer:
    """Run every installed consumer on the file and compare all of them, bin for bin."""
    is_file = given.file.suffix == ".nir"
    names = given.only or list(CONSUMERS if is_file else EVERYONE)
    unfit = sorted(set(names) & set(ENGINES)) if is_file else []
    if unfit:
        raise ConfigError(f"{', '.join(unfit)}: no engine for ONNX reads a NIR file")
    consumers = [EVERYONE[name] for name in dict.fromkeys(names)]
    with tempfile.TemporaryDirectory(prefix="subspike-") as folder:
        cases = cases_of(given.file, consumers, Path(folder), dt=given.dt, seed=given.seed)
        found = run_everywhere(
            cases, consumers, dt=given.dt, seconds=given.seconds, progress=not given.quiet
        )
    words = "everyone did as predicted" if found.conforms else "not everyone did as predicted"
    data = about(found)
    return Answer(f"{text(data)}\n\n{words}", data, DONE if found.conforms else NO)
