"""A comparison for networks in any code, which have no portable file: rate, twin, spikes."""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from converter import cover, rate_trace
from spiking import CodedNetwork, SubLSTMClassifier, coded_activity, twin_trace
from spiking.errors import ConfigError

from .compare import Column, compare
from .flow import Flow
from .identity import identify
from .tasks import Task

_BATCH = 250
# samples that the error of every node is followed on; all cells of all steps are held at once
_FOLLOWED = 200


@torch.no_grad()
def compared_coded(
    rate: SubLSTMClassifier,
    net: CodedNetwork,
    task: Task,
    *,
    margin: float = 0.01,
    seed: int = 0,
    progress: bool = True,
) -> Flow:
    """`net`, spike by spike on the task's test part, beside its twin and the rate model.

    margin  share of accuracy that may be lost
    seed    written into the report; nothing here is random
    """
    if net.readout is None:
        raise ConfigError("the network has no readout; convert a SubLSTMClassifier")
    forgets = [layer.forgetting for layer in net.stack]
    comparison = compare(
        task.test_y.numpy(),
        _columns(rate, net, task, progress=progress),
        identity=identify(
            rate,
            data=task.name,
            split=task.split,
            calibration="not recorded",
            code=f"{net.code}, forget {forgets[0] or 'constant'}",
            seed=seed,
            device="cpu",
        ),
        margin=margin,
        drift=_error_over_time(rate, net, task),
        coverage=[
            (node.name, node.fidelity, node.reason)
            for node in cover(rate, code=net.code, forget=forgets[0]).nodes
        ],
    )
    first = net.run(task.test_x[:1], record=True)
    raster = {
        name: (train[0].flatten(1) != 0).numpy()
        for name, train in first.spikes.items()
        if train.numel()
    }
    return Flow(comparison, raster)


def _columns(
    rate: SubLSTMClassifier, net: CodedNetwork, task: Task, *, progress: bool
) -> list[Column]:
    wanted, twin, own = [], [], []
    spikes = synops = differing = total = 0
    parts = task.test_x.split(_BATCH)
    for x in tqdm(parts, "compare", unit="batch", disable=None if progress else True):
        spelled, closed = net.run(x), net.run(x, spell=False)
        if spelled.logits is None or closed.logits is None:
            raise ConfigError("the network has no readout")
        wanted.append(rate(x).numpy())
        twin.append(closed.logits[:, -1].numpy())
        own.append(spelled.logits[:, -1].numpy())
        used = coded_activity(net, spelled.counts)
        spikes, synops = spikes + int(used.spikes.sum()), synops + int(used.synops.sum())
        differing += int((spelled.output != closed.output).sum())
        total += spelled.output.numel()
    count = len(task.test_x)
    return [
        Column("rate", np.concatenate(wanted), note="the trained model"),
        Column(
            "quantised rate",
            np.concatenate(twin),
            note="the rate equations with the code's rounding",
        ),
        Column(
            "spiking",
            np.concatenate(own),
            spikes=spikes / count,
            synops=synops / count,
            differing=differing,
            total=total,
            against="quantised rate (values)",
            note="spike by spike",
        ),
    ]


def _error_over_time(
    rate: SubLSTMClassifier, net: CodedNetwork, task: Task
) -> dict[str, tuple[float, ...]]:
    x = task.test_x[:_FOLLOWED]
    wanted, found = rate_trace(rate, x), twin_trace(net, x)
    return {
        name: tuple(((found[name] - wanted[name]) ** 2).mean((0, 2)).sqrt().tolist())
        for name in found
    }
