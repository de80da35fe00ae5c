"""Tune a spiking network against its teacher, through the quantised twin."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from spiking import SpikingNetwork, twin_trace
from spiking.errors import ConfigError

from .data import Batches, gathered
from .fit import FitSettings, fit
from .matching import RateModel, matching_loss, rate_trace, rnn_of
from .quantize import off_grid

_LARGEST_FORGET = 1.0 - 2.0**-12


def tune(
    net: SpikingNetwork,
    *,
    teacher: RateModel,
    data: Batches,
    settings: FitSettings | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> SpikingNetwork:
    """A copy of `net` whose outputs and states follow the teacher's more closely.

    Gradients pass the rounding straight through with the activation's slope (Bengio et al.
    2013, arXiv 1308.3432; as in quantisation-aware training); the twin that is trained equals
    the spiking network bit for bit, so nothing is lost afterwards. No labels are needed.

    teacher   the rate model; may be the gated one that `net` was distilled from
    data      inputs (n, time, input), or an iterable of such batches
    returns   the best network on held-out samples, never a worse one than `net`; off the grid,
              so `quantize` comes after

    Raises ConfigError when teacher and network differ in their sizes, EmptyDataError without data.
    """
    sizes = [layer.hidden_size for layer in net.stack]
    rnn = rnn_of(teacher)
    if [rnn.hidden_size] * rnn.num_layers != sizes or rnn.input_size != net.input_size:
        raise ConfigError(
            f"the teacher has {rnn.num_layers} layers of {rnn.hidden_size} units and "
            f"{rnn.input_size} inputs, the network layers of {sizes} and {net.input_size} inputs"
        )
    settings = replace(FitSettings() if settings is None else settings, seed=seed)
    x = gathered(data, features=net.input_size).to(device)
    teacher = teacher.to(device)
    with torch.no_grad():
        parts = [rate_trace(teacher, chunk) for chunk in x.split(settings.batch_size)]
        names = [name for name in parts[0] if name == "logits" or name.endswith(".h")]
        goal = {name: torch.cat([part[name] for part in parts]) for name in names}

    def loss(module: SpikingNetwork, chosen: Tensor) -> Tensor:
        wanted = {name: value[chosen] for name, value in goal.items()}
        return matching_loss(twin_trace(module, x[chosen]), wanted)

    return fit(
        off_grid(net).to(device),
        loss,
        count=len(x),
        settings=settings,
        constrain=_keep_forget_below_one,
        label=f"tune K={net.code.levels}",
        progress=progress,
    )


@torch.no_grad()
def _keep_forget_below_one(net: SpikingNetwork) -> None:
    for layer in net.stack:
        layer.forget.clamp_(0.0, _LARGEST_FORGET)
