"""Recurrent LIF layers of other libraries: one input, H units, time first, as each one is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import torch
from torch import Tensor, nn

Run = Callable[[Tensor], Tensor]


def snntorch(hidden: int) -> tuple[nn.Module, Run]:
    import snntorch as snn

    project = nn.Linear(1, hidden)
    layer = snn.RLeaky(beta=0.9, linear_features=hidden)

    def run(x: Tensor) -> Tensor:
        spikes, membrane = layer.init_rleaky()
        found = []
        for x_t in project(x).unbind(0):
            spikes, membrane = layer(x_t, spikes, membrane)
            found.append(spikes)
        return torch.stack(found)

    return nn.ModuleList([project, layer]), run


def norse(hidden: int) -> tuple[nn.Module, Run]:
    layer = importlib.import_module("norse.torch").LIFRecurrent(1, hidden)
    return layer, lambda x: layer(x)[0]


def spikingjelly(hidden: int) -> tuple[nn.Module, Run]:
    based = importlib.import_module("spikingjelly.activation_based")
    neuron, layer = (importlib.import_module(f"{based.__name__}.{n}") for n in ("neuron", "layer"))
    functional = importlib.import_module(f"{based.__name__}.functional")
    project = nn.Linear(1, hidden)
    cell = layer.LinearRecurrentContainer(
        neuron.LIFNode(), in_features=hidden, out_features=hidden, step_mode="m"
    )

    def run(x: Tensor) -> Tensor:
        functional.reset_net(cell)
        spikes: Tensor = cell(project(x))
        return spikes

    return nn.ModuleList([project, cell]), run


def sinabs(hidden: int) -> tuple[nn.Module, Run]:
    layers = importlib.import_module("sinabs.layers")
    project = nn.Linear(1, hidden)
    cell = layers.LIFRecurrent(tau_mem=10.0, rec_connect=nn.Linear(hidden, hidden))

    def run(x: Tensor) -> Tensor:
        cell.reset_states()
        spikes: Tensor = cell(project(x).transpose(0, 1))
        return spikes

    return nn.ModuleList([project, cell]), run


PEERS = {"snnTorch": snntorch, "Norse": norse, "SpikingJelly": spikingjelly, "sinabs": sinabs}


def installed() -> dict[str, Callable[[int], tuple[nn.Module, Run]]]:
    """Peers that import here."""
    found = {}
    for name, make in PEERS.items():
        try:
            make(2)
        except ImportError:
            continue
        found[name] = make
    return found
