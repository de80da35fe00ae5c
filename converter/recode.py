"""The same network in another code, and the way down from many levels to few."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import nn

from spiking import (
    Adaptive,
    Code,
    CodedLayer,
    CodedNetwork,
    Compound,
    Forgetting,
    Population,
    Rate,
    SpikingNetwork,
    SpikingSubLSTM,
    SubLSTM,
    SubLSTMClassifier,
)
from spiking.errors import ConfigError

from .data import Batches
from .fit import FitSettings
from .matching import RateModel
from .tune import tune

Net = SpikingNetwork | CodedNetwork


def recoded(net: Net, code: Code, *, forget: Forgetting | None = None) -> Net:
    """The weights of `net` in another code, off the grid.

    forget  another way to form a computed forget; None keeps the one that is there

    Raises CoverageError where the code cannot say the network's activation.
    """
    layers: list[Any] = [*net.stack]
    computed = any(isinstance(each, CodedLayer) and each.forgetting for each in layers)
    if forget is not None and not computed:
        raise ConfigError("the forget of this network is a constant; it is formed already")
    readout = copy.deepcopy(net.readout)
    plain = isinstance(code, Population) and not computed
    made: list[Any] = []
    for index, layer in enumerate(layers):
        numbers = layer.weight_ih, layer.weight_hh, layer.bias
        kept = layer.forget if forget is None else forget
        act = layer.activation if isinstance(layer, SpikingSubLSTM) else layer.activation.name
        below = code.levels if index else None
        kind: Any = SpikingSubLSTM if plain else CodedLayer
        made.append(kind(*numbers, kept, code=code, activation=act, below=below))
    network = SpikingNetwork(made, readout) if plain else CodedNetwork(made, readout)
    return network.to(layers[0].weight_ih.device).eval()


@torch.no_grad()
def rate_of(net: SpikingNetwork) -> SubLSTMClassifier:
    """The rate model that `net` rounds: its weights, biases and forgets, sigmoids for counts.

    Raises ConfigError for a network without a readout.
    """
    if net.readout is None:
        raise ConfigError("a network without a readout is no classifier; convert one that has it")
    first = net.stack[0]
    if len({layer.hidden_size for layer in net.stack}) > 1:
        raise ConfigError("layers of different sizes are no subLSTM of ours; deploy it as it is")
    rnn = SubLSTM(
        net.input_size,
        first.hidden_size,
        num_layers=len(net.stack),
        batch_first=True,
        forget="fixed",
        activation=first.activation,
    )
    for index, layer in enumerate(net.stack):
        numbers = {
            "weight_ih": layer.weight_ih,
            "weight_hh": layer.weight_hh,
            "bias_ih": layer.bias,
            "bias_hh": torch.zeros_like(layer.bias),
            "forget": torch.logit(layer.forget.double()),
        }
        for name, value in numbers.items():
            rnn.get(name, f"l{index}").copy_(value)
    readout = nn.Linear(first.hidden_size, net.readout.out_features)
    readout.load_state_dict(net.readout.state_dict())
    return SubLSTMClassifier(rnn, readout).eval()


# what says how fine a code is
_FINENESS = {Adaptive: "window", Compound: "levels", Population: "levels", Rate: "steps"}


def fineness(code: Code) -> int:
    """Levels K, micro-steps T or milliseconds of a plain code."""
    return int(getattr(code, _fineness_of(code)))


def refined(code: Code, fineness: int) -> Code:
    """The same code with that many levels, micro-steps or milliseconds.

    Raises ConfigError for a mixture, which has two numbers, and where the code cannot be so fine.
    """
    plain: Any = code
    return cast("Code", replace(plain, **{_fineness_of(code): fineness}))


def _fineness_of(code: Code) -> str:
    if type(code) not in _FINENESS:
        raise ConfigError(f"{code} is not one plain code; refine its parts and mix them again")
    return _FINENESS[type(code)]


def anneal(
    net: Net,
    *,
    codes: Sequence[Code],
    teacher: RateModel,
    data: Batches,
    settings: FitSettings | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Net:
    """`net` tuned in each of `codes` in turn, each from where the one before ended.

    From many levels to few, a network keeps what it learned where rounding was gentle; tuned at
    once at few levels it starts from values that rounding has already torn apart.
    """
    if not codes:
        raise ConfigError("no code to anneal through; name at least one")
    for code in codes:
        net = tune(
            recoded(net, code),
            teacher=teacher,
            data=data,
            settings=settings,
            seed=seed,
            progress=progress,
        )
    return net
