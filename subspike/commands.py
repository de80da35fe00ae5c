"""What each verb of the command line does: arguments in, an `Answer` out."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from converter import (
    CONSUMERS,
    FitSettings,
    calibrate,
    drift,
    import_checkpoint,
    load_network,
    mixtures,
    populations,
    quantize,
    read_nir,
    recoded,
    run_consumer,
    run_nir,
    save_checkpoint,
    save_network,
)
from converter import convert as convert_model
from converter import export as export_network
from converter import from_nir as network_of
from converter import tune as tune_network
from converter.nir_graph import PORTABLE_DT
from converter.recode import refined
from hardware import TARGETS, deploy, emulate
from hardware import check as check_graph
from spiking import (
    Adaptive,
    Code,
    CodedNetwork,
    Compound,
    Forgetting,
    Native,
    Population,
    Rate,
    Shunt,
    SpikingNetwork,
    SubLSTMClassifier,
    processes,
)
from spiking.errors import ConfigError, ExportError, GraphError

from . import deploy_table
from .answer import DONE, NO, Answer
from .coded_flow import compared_coded
from .demo import demo as run_demo
from .deploy import ALL, Order, deployed
from .devices import device_named
from .doctor import doctor as look_around
from .flow import compared, written
from .sharding import stretches
from .statistics import wilson
from .tasks import Task, load_task
from .train import TrainSettings
from .train import train as train_rate

_INTERPRETER, _INTEGERS = "interpreter", "digital"
_BATCH = 500
Network = TypeVar("Network", SpikingNetwork, CodedNetwork)
# what `convert --code` and `--product` build
_CODES: dict[str, Callable[[Namespace], Code]] = {
    "adaptive": lambda given: Adaptive(given.levels),
    "compound": lambda given: Compound(given.levels, given.message),
    "population": lambda given: Population(given.levels, two_sided=not given.one_sided),
    "rate": lambda given: Rate(given.levels, opponent=not given.one_sided),
}
_PRODUCTS: dict[str, Callable[[Namespace, SubLSTMClassifier], Forgetting]] = {
    "coincidence": lambda given, rate: calibrate(rate, task_of(given).train_x[:500]).coincidence(),
    "native": lambda _given, _rate: Native(),
    "shunt": lambda _given, _rate: Shunt(),
}


def target_names() -> tuple[str, ...]:
    """Names that `check --target` takes."""
    return tuple(sorted(TARGETS))


def code_names() -> tuple[str, ...]:
    """Names that `convert --code` takes."""
    return tuple(sorted(_CODES))


def product_names() -> tuple[str, ...]:
    """Names that `convert --product` takes."""
    return tuple(sorted(_PRODUCTS))


def engine_names() -> tuple[str, ...]:
    """Names that `run --engine` takes."""
    return (_INTERPRETER, _INTEGERS, *sorted(CONSUMERS))


def train(given: Namespace) -> Answer:
    """Train a rate model and save it."""
    task, device = task_of(given), device_named(given.device)
    settings = TrainSettings(
        hidden=given.hidden,
        layers=given.layers,
        forget=given.forget,
        activation=given.activation,
        epochs=given.epochs,
        batch_size=given.batch_size,
        learning_rate=given.learning_rate,
        label_smoothing=given.label_smoothing,
        seed=given.seed,
    )
    _require_folder_of(given.out)
    progress = given.out.with_suffix(".progress")
    model = train_rate(
        task, settings=settings, checkpoint=progress, device=device, progress=not given.quiet
    ).cpu()
    notes = {"task": task.name, "split": task.split, "settings": json.dumps(asdict(settings))}
    if processes.rank() == 0:
        save_checkpoint(model, given.out, notes=notes)
        progress.unlink(missing_ok=True)
    share = _accuracy(model, task)
    return Answer(
        f"{given.out}: {share:.1%} of {len(task.test_y)} test samples of {task.name}",
        {"checkpoint": str(given.out), "accuracy": share, "samples": len(task.test_y)},
    )


def convert(given: Namespace) -> Answer:
    """Convert a rate checkpoint and save the network, on the grid, with its coverage."""
    rate = rate_of(given.rate, layout=given.layout)
    _require_folder_of(given.out)
    if given.product and given.distil:
        raise ConfigError("a computed forget is distilled or formed by --product, not both")
    made = convert_model(
        rate,
        code=_CODES[given.code](given),
        forget=None if given.product is None else _PRODUCTS[given.product](given, rate),
        data=task_of(given).train_x if given.distil else None,
        seed=given.seed,
        device=device_named(given.device),
        progress=not given.quiet,
    )
    save_network(made.network, given.out)
    nodes = [(node.name, node.fidelity, node.reason) for node in made.coverage.nodes]
    lines = [f"{name:<12} {fidelity:<12} {reason}" for name, fidelity, reason in nodes]
    return Answer(
        "\n".join([*lines, f"{given.out}: all {len(nodes)} nodes covered"]),
        {"network": str(given.out), "coverage": [list(node) for node in nodes]},
    )


def tune(given: Namespace) -> Answer:
    """Tune a network against its teacher, put it on the grid and save it."""
    task = task_of(given)
    _require_folder_of(given.out)
    progress = given.out.with_suffix(".progress")
    tuned = load_network(given.network)
    teacher = rate_of(given.teacher)
    data = mixtures(task.train_x, copies=given.mixtures, seed=given.seed)
    for count in given.anneal or (None,):
        code = tuned.code if count is None else refined(tuned.code, count)
        tuned = tune_network(
            tuned if count is None else recoded(tuned, code),
            teacher=teacher,
            data=data,
            settings=FitSettings(epochs=given.epochs, learning_rate=given.learning_rate),
            spike_penalty=given.spike_penalty,
            forced=given.forced,
            checkpoint=None if given.anneal else progress,
            seed=given.seed,
            device=device_named(given.device),
            progress=not given.quiet,
        )
    final = quantize(tuned.cpu(), input_bits=task.input_bits, input_max=task.input_max)
    if processes.rank() == 0:
        save_network(final, given.out)
        progress.unlink(missing_ok=True)
    share = _accuracy(final, task)
    return Answer(
        f"{given.out}: {share:.1%} of {len(task.test_y)} test samples, on the grid",
        {"network": str(given.out), "accuracy": share, "samples": len(task.test_y)},
    )


def export(given: Namespace) -> Answer:
    """Write every format into a folder, each proved by running it."""
    task = task_of(given)
    net = _exportable(given.network, task)
    bundle = export_network(net, given.out, stretches(task, net)[0].test_x)
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


def check(given: Namespace) -> Answer:
    """Every rule of the target that the graph breaks."""
    faults = check_graph(read_nir(given.graph), TARGETS[given.target], dt=given.dt)
    data = {
        "fits": not faults,
        "target": given.target,
        "violations": [
            {"rule": f.rule, "where": f.where, "have": f.have, "limit": f.limit, "remedy": f.remedy}
            for f in faults
        ],
    }
    if not faults:
        return Answer(f"{given.graph} fits {given.target}", data)
    words = f"{given.graph} does not fit {given.target}; {len(faults)} rules are broken:"
    return Answer("\n".join([words, *(f"  {fault}" for fault in faults)]), data, NO)


def run(given: Namespace) -> Answer:
    """Run a NIR file on the test set with one engine; its spikes must be the network's.

    With `--target`, on chips instead: see `deployed`.
    """
    if given.target:
        return _run_on_targets(given)
    task, graph = task_of(given), read_nir(given.graph)
    net = network_of(graph)
    right = differing = total = 0
    for part in stretches(task, net):
        x = net.encode(part.test_x)
        with torch.no_grad():
            reference = net.run(x, record=True)
        spikes, outputs = _run_engine(given.engine, given.graph, graph, x)
        rasters = {name: value.numpy() for name, value in reference.spikes.items()}
        found = drift(rasters, populations(spikes, net))
        if outputs.shape[-1] != task.classes:
            raise GraphError(f"{given.graph}: ends in {outputs.shape[-1]} outputs, not in classes")
        right += int((outputs[:, -1].argmax(1) == part.test_y.numpy()).sum())
        differing, total = differing + found.differing, total + found.total
    share = wilson(right, len(task.test_y))
    text = (
        f"{given.engine}: {share.value:.1%} [{share.low:.1%}, {share.high:.1%}] of "
        f"{len(task.test_y)} samples; {differing} of {total} spikes differ from the "
        f"network"
    )
    data = {
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "differing": differing,
        "total": total,
    }
    # the integer core rounds the decay, so a difference there is a finding, not a fault
    exact = differing == 0 or given.engine == _INTEGERS
    return Answer(text, data, DONE if exact else NO)


def _run_on_targets(given: Namespace) -> Answer:
    """The network on one target or all of them."""
    task = task_of(given)
    if given.graph.suffix == ".nir":
        net = network_of(read_nir(given.graph))
    else:
        net = _exportable(given.graph, task)
    order = Order(
        net,
        task,
        samples=given.samples,
        compared=given.compared,
        seed=given.seed,
        progress=not given.quiet,
    )
    rows = deployed(order, target_names() if given.target == ALL else (given.target,))
    return Answer(deploy_table.table(rows), deploy_table.data(rows), deploy_table.answered(rows))


def _run_engine(
    engine: str, path: Path, graph: nir.NIRGraph, x: Tensor
) -> tuple[dict[str, NDArray[np.bool_]], NDArray[Any]]:
    """Rasters by node, and outputs (batch, time, classes)."""
    if engine == _INTERPRETER:
        done = run_nir(graph, x.numpy(), dt=PORTABLE_DT)
        return done.spikes, done.output
    if engine == _INTEGERS:
        ran = emulate(deploy(graph, TARGETS[_INTEGERS], dt=PORTABLE_DT).network, x.numpy())
        return {name: each > 0 for name, each in ran.spikes.items()}, ran.outputs
    return run_consumer(engine, path, x)


def compare(given: Namespace) -> Answer:
    """Compare a rate model with its network, stage by stage, and write the report."""
    task, rate, net = task_of(given), rate_of(given.rate), load_network(given.network)
    given.out.mkdir(parents=True, exist_ok=True)
    if isinstance(net, CodedNetwork):
        if processes.launched() > 1:
            raise ConfigError("a network without a portable file is compared in one process")
        on_grid = _on_grid(net, task)
        coded = compared_coded(
            rate,
            on_grid,
            task,
            margin=given.margin / 100.0,
            seed=given.seed,
            progress=not given.quiet,
        )
        return written(coded, given.out)
    net = _on_grid(net, task)
    made = compared(
        rate,
        net,
        task,
        folder=given.out,
        margin=given.margin / 100.0,
        seed=given.seed,
        device=device_named(given.device),
        progress=not given.quiet,
    )
    return written(made, given.out)


def demo(given: Namespace) -> Answer:
    """Everything, on real digits."""
    given.out.mkdir(parents=True, exist_ok=True)
    made = run_demo(
        given.out,
        margin=given.margin / 100.0,
        seed=given.seed,
        device=device_named(given.device),
        progress=not given.quiet,
    )
    return written(made, given.out)


def doctor(_given: Namespace) -> Answer:
    """What is here and what is not."""
    found = look_around()
    lines = [
        f"{f.part:<14} {f.state:<8} {f.detail}" + (f"   -> {f.remedy}" if f.remedy else "")
        for f in found
    ]
    return Answer("\n".join(lines), {"findings": [asdict(f) for f in found]})


def task_of(given: Namespace) -> Task:
    """The task that was named."""
    return load_task(given.task, data=given.data)


def rate_of(path: Path, *, layout: str | None = None) -> SubLSTMClassifier:
    """The classifier in a checkpoint of any layout."""
    model = import_checkpoint(path, layout=layout).model
    if not isinstance(model, SubLSTMClassifier):
        raise ConfigError(f"{path}: holds a subLSTM without a readout; a classifier is needed here")
    return model


def _exportable(path: Path, task: Task) -> SpikingNetwork:
    """A network that NIR and ONNX files are written for, on the grid."""
    net = load_network(path)
    if not isinstance(net, SpikingNetwork):
        raise ExportError(
            f"{path}: {net.code} has no portable file; NIR and ONNX are written for populations "
            "with a constant forget"
        )
    return _on_grid(net, task)


def _on_grid(net: Network, task: Task) -> Network:
    if net.grid is not None:
        return net
    return quantize(net, input_bits=task.input_bits, input_max=task.input_max)


@torch.no_grad()
def _accuracy(model: torch.nn.Module, task: Task) -> float:
    decisions = torch.cat([model(x).argmax(1) for x in task.test_x.split(_BATCH)])
    return float((decisions == task.test_y).double().mean())


def _require_folder_of(path: Path) -> None:
    if not path.parent.is_dir():
        raise ConfigError(f"{path.parent}: there is no such folder; make it first")
