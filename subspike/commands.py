"""What each verb of the command line does: arguments in, an `Answer` out."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import torch

from converter import (
    FitSettings,
    calibrate,
    import_checkpoint,
    load_network,
    mixtures,
    quantize,
    recoded,
    save_checkpoint,
    save_network,
)
from converter import convert as convert_model
from converter import tune as tune_network
from converter.recode import refined
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
from spiking.errors import ConfigError

from .answer import Answer
from .coded_flow import compared_coded
from .demo import demo as run_demo
from .devices import device_named
from .doctor import doctor as look_around
from .flow import compared, written
from .tasks import Task, load_task
from .train import TrainSettings
from .train import train as train_rate

_BATCH = 500
Network = TypeVar("Network", bound=SpikingNetwork | CodedNetwork)
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


def code_names() -> tuple[str, ...]:
    """Names that `convert --code` takes."""
    return tuple(sorted(_CODES))


def product_names() -> tuple[str, ...]:
    """Names that `convert --product` takes."""
    return tuple(sorted(_PRODUCTS))


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


def compare(given: Namespace) -> Answer:
    """Compare a rate model with its network, stage by stage, and write the report."""
    task, rate, net = task_of(given), rate_of(given.rate), load_network(given.network)
    given.out.mkdir(parents=True, exist_ok=True)
    if isinstance(net, CodedNetwork):
        if processes.launched() > 1:
            raise ConfigError("a network without a portable file is compared in one process")
        quantised = on_grid(net, task)
        coded = compared_coded(
            rate,
            quantised,
            task,
            margin=given.margin / 100.0,
            seed=given.seed,
            progress=not given.quiet,
        )
        return written(coded, given.out)
    net = on_grid(net, task)
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
        f"{f.part:<22} {f.state:<8} {f.detail}" + (f"   -> {f.remedy}" if f.remedy else "")
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


def on_grid(net: Network, task: Task) -> Network:
    """The network on the grid of the task's inputs, unless it is on one."""
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
