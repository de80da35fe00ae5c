"""Tune a spiking network against its teacher, through the quantised twin."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from spiking import CodedNetwork, SpikingNetwork, SubLSTM, twin_trace
from spiking.errors import ConfigError

from .data import Batches, gathered
from .fit import FitSettings, fit
from .forcing import forced_loss
from .matching import RateModel, matching_loss, rate_trace, rnn_of
from .quantize import off_grid

Network = TypeVar("Network", bound=SpikingNetwork | CodedNetwork)
Goals = Callable[[Tensor], dict[str, Tensor]]
# of a teacher's trace, at most
MOST_BYTES = 2**30
_LARGEST_FORGET = 1.0 - 2.0**-12


def tune(
    net: Network,
    *,
    teacher: RateModel,
    data: Batches,
    settings: FitSettings | None = None,
    spike_penalty: float = 0.0,
    forced: bool = False,
    checkpoint: Path | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> Network:
    """A copy of `net` whose outputs and states follow the teacher's more closely.

    Gradients pass the rounding straight through with the activation's slope (Bengio et al.
    2013, arXiv 1308.3432; as in quantisation-aware training); the twin that is trained equals
    the spiking network bit for bit, so nothing is lost afterwards. No labels are needed.

    teacher        the rate model; may be the gated one that `net` was distilled from
    data           inputs (n, time, input), or an iterable of such batches
    spike_penalty  loss for every spike that leaves a unit in a step (`Code.effort`): fewer spikes
                   for some accuracy
    forced         learn single steps from the teacher's own states (`forced_loss`), which needs no
                   pass through time: quick for codes that round each step anew, of no use to one
                   that carries residuals. For networks in any code but the exported population
    checkpoint     file that keeps the progress after every epoch; see `train`
    returns        the best network on held-out samples, never a worse one than `net`; off the grid,
                   so `quantize` comes after

    Raises ConfigError when teacher and network differ in their sizes, EmptyDataError without data.
    """
    if not 0.0 <= spike_penalty < math.inf:
        raise ConfigError(f"spike_penalty is {spike_penalty}; it must be at least 0 and finite")
    require_same_sizes(teacher, [layer.hidden_size for layer in net.stack], net.input_size)
    _require_same_readout(teacher, net)
    settings = replace(FitSettings() if settings is None else settings, seed=seed)
    x = gathered(data, features=net.input_size).to(device)
    if forced and not isinstance(net, CodedNetwork):
        raise ConfigError(
            "a population with a constant forget is tuned through time, which its core does fast"
        )
    goals = goals_of(teacher, x, size=settings.batch_size, cells=forced)

    def through_time(module: Any, chosen: Tensor) -> Tensor:
        trace = twin_trace(module, x[chosen], gates=False)
        found = matching_loss(trace, goals(chosen))
        if spike_penalty:
            said = [value for name, value in trace.items() if name.endswith(".h")]
            found = found + spike_penalty * sum(module.code.effort(h) for h in said)
        return found

    def step_by_step(module: Any, chosen: Tensor) -> Tensor:
        return forced_loss(module, x[chosen], goals(chosen))

    student = off_grid(net).to(device)
    made = fit(
        student,
        step_by_step if forced else through_time,
        judged_by=through_time,
        count=len(x),
        settings=settings,
        constrain=_keep_forget_below_one,
        label=f"tune {net.code}{', forced' if forced else ''}",
        checkpoint=checkpoint,
        progress=progress,
    )
    return cast("Network", made)


def require_same_sizes(teacher: RateModel, hidden: list[int], inputs: int) -> None:
    """ConfigError unless the teacher has layers of these sizes, in one direction."""
    rnn = rnn_of(teacher)
    if rnn.bidirectional:
        raise ConfigError("the teacher is bidirectional; a network reads the sequence forwards")
    if [rnn.hidden_size] * rnn.num_layers != hidden or rnn.input_size != inputs:
        raise ConfigError(
            f"the teacher has {rnn.num_layers} layers of {rnn.hidden_size} units and "
            f"{rnn.input_size} inputs, the network layers of {hidden} and {inputs} inputs"
        )


def _require_same_readout(teacher: RateModel, net: Network) -> None:
    theirs = None if isinstance(teacher, SubLSTM) else teacher.readout.out_features
    mine = None if net.readout is None else net.readout.out_features
    if theirs != mine:
        raise ConfigError(
            f"the teacher's readout has {theirs} classes, the network's has {mine} (None where "
            "there is no readout)"
        )


def goals_of(teacher: RateModel, x: Tensor, *, size: int, cells: bool = False) -> Goals:
    """What a student shall follow on chosen samples of `x`: h of every layer (and c), and logits.

    Kept for all of `x` where that takes no more than `MOST_BYTES`; where it takes more, the teacher
    runs again with every batch, in a fraction of the student's time.
    """
    teacher = copy.deepcopy(teacher).to(x).eval()
    ends = (".h", ".c") if cells else (".h",)

    @torch.no_grad()
    def told(chosen: Tensor) -> dict[str, Tensor]:
        trace = rate_trace(teacher, x[chosen])
        return {name: trace[name] for name in trace if name == "logits" or name.endswith(ends)}

    samples = torch.arange(len(x))
    if len(x) * sum(value.nbytes for value in told(samples[:1]).values()) > MOST_BYTES:
        return told
    parts = [told(chosen) for chosen in samples.split(size)]
    kept = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return lambda chosen: {name: value[chosen] for name, value in kept.items()}


@torch.no_grad()
def _keep_forget_below_one(net: Network) -> None:
    for layer in net.stack:
        if isinstance(layer.forget, Tensor):
            layer.forget.clamp_(0.0, _LARGEST_FORGET)
