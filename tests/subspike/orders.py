"""A small network and an order for it."""

import functools
from dataclasses import replace

import torch

from converter import convert, quantize
from spiking import Population, SubLSTM, SubLSTMClassifier
from subspike import load_task
from subspike.order import Order


@functools.cache
def small(hidden: int = 5, classes: int = 8):
    """A network with few classes that is not trained, on the grid, and a task of as many."""
    task = load_task("digits-rows")
    few = {
        f"{part}_{axis}": getattr(task, f"{part}_{axis}")[getattr(task, f"{part}_y") < classes][:40]
        for part in ("train", "test")
        for axis in "xy"
    }
    torch.manual_seed(0)
    rnn = SubLSTM(8, hidden, batch_first=True, forget="fixed", t_max=8)
    rate = SubLSTMClassifier(rnn, torch.nn.Linear(hidden, classes))
    net = convert(rate, code=Population(levels=4), progress=False).network
    return quantize(net, input_bits=4, input_max=1.0), replace(task, **few, classes=classes)


def ordered(**words) -> Order:
    net, task = small(**{k: words.pop(k) for k in ("hidden", "classes") if k in words})
    return Order(net, task, progress=False, **words)
