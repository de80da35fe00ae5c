"""Take out of a network what is systematic in its error, from calibration data."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import torch

from spiking import CodedNetwork, SpikingNetwork, twin_trace

from .data import Batches, gathered
from .matching import RateModel, rate_trace
from .quantize import off_grid
from .tune import require_same_sizes

Network = TypeVar("Network", bound=SpikingNetwork | CodedNetwork)
_BATCH = 256


@torch.no_grad()
def correct_bias(net: Network, *, teacher: RateModel, data: Batches) -> Network:
    """A copy of `net`, off the grid, whose gates do not hear the mean error of h.

    b <- b - R E[h_spiking - h_rate], layer after layer from below, and the same for the readout:
    residual bias goes, variance stays (as in post-training quantisation, Nagel et al. 2019,
    arXiv 1906.04721). One pass a layer over `data`.

    data  inputs (n, time, input), or an iterable of such batches

    Raises ConfigError where teacher and network differ in sizes, EmptyDataError without data.
    """
    made: Any = off_grid(net)
    require_same_sizes(teacher, [layer.hidden_size for layer in made.stack], made.input_size)
    parts = gathered(data, features=made.input_size).split(_BATCH)
    wanted = [_mean(rate_trace(teacher, part)) for part in parts]
    sizes = torch.tensor([float(len(part)) for part in parts])
    for index, layer in enumerate(made.stack):
        found = [_mean(twin_trace(made, part, gates=False)) for part in parts]
        errors = torch.stack(
            [a[f"l{index}.h"] - b[f"l{index}.h"] for a, b in zip(found, wanted, strict=True)]
        )
        error = (errors * sizes[:, None]).sum(0) / sizes.sum()
        layer.bias -= layer.weight_hh @ error
        if index + 1 < len(made.stack):
            above = made.stack[index + 1]
            above.bias -= above.weight_ih @ error
        elif made.readout is not None:
            made.readout.bias -= made.readout.weight @ error
    return cast("Network", made)


def _mean(trace: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Of h, over samples and steps.  # {"l0.h": (hidden,), ...}"""
    return {name: value.mean((0, 1)) for name, value in trace.items() if name.endswith(".h")}
