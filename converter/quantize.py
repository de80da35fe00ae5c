"""Put a spiking network on the fixed-point grid, where every engine agrees bit for bit."""

from __future__ import annotations

import copy
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from spiking import CodedLayer, CodedNetwork, Grid, SpikingNetwork, SpikingSubLSTM
from spiking.errors import ExportError, GridError

from .convert import require_finite

FINEST_WEIGHT_BITS = 16
Network = TypeVar("Network", bound=SpikingNetwork | CodedNetwork)


def quantize(
    net: Network,
    *,
    weight_bits: int | None = None,
    input_bits: int = 8,
    input_max: float = 1.0,
    forget_bits: int = 12,
) -> Network:
    """A copy of `net` with every number on a `Grid`; exporters ask for one.

    weight_bits  weights per spike become multiples of 2^-weight_bits; None chooses the finest,
                 up to 16, at which every sum stays exact in float32
    input_bits   inputs become multiples of 2^-input_bits
    input_max    inputs beyond it are clipped
    forget_bits  constant forgets become multiples of 2^-forget_bits below 1

    Raises GridError naming the sum that does not fit at the asked bits, with both numbers.
    """
    require_finite(net)
    choices = range(FINEST_WEIGHT_BITS, 0, -1) if weight_bits is None else [weight_bits]
    problem = ""
    for bits in choices:
        grid = Grid(bits, input_bits, input_max, forget_bits)
        made = _on_grid(net, grid)
        problem = _first_overflow(made, grid)
        if not problem:
            return made
    raise GridError(
        f"{problem}; take fewer weight_bits or input_bits, a smaller input_max, or smaller weights"
    )


def require_on_grid(net: Network) -> Grid:
    """The grid of `net`, once every number is known to lie on it and every sum to fit.

    Raises ExportError for a network without a grid, GridError naming the first parameter with
    numbers off it, or the first sum that does not fit.
    """
    if net.grid is None:
        raise ExportError("the network is not on the fixed-point grid; call quantize(net) first")
    rounded = dict(_on_grid(net, net.grid).named_parameters())
    for name, value in net.named_parameters():
        off = int((rounded[name] != value).sum())
        if off:
            raise GridError(
                f"{name}: {off} of {value.numel()} numbers lie off the grid; they were changed "
                "after quantize, so call it again"
            )
    problem = _first_overflow(net, net.grid)
    if problem:
        raise GridError(f"{problem}; call quantize again")
    return net.grid


@torch.no_grad()
def _first_overflow(net: Network, grid: Grid) -> str:
    """What does not fit and by how much, or nothing; the worst case over every input."""
    layers: list[Any] = [*net.stack]
    for index, layer in enumerate(layers):
        # a population's signed count lies within K, and so does s - o for every step
        said = net.code.reach
        reach = grid.input_max if layer.below is None else said
        worst = layer.weight_ih.abs().sum(1) * reach + layer.weight_hh.abs().sum(1) * said
        worst = worst + layer.bias.abs() + layer.margin
        if float(worst.max()) >= grid.limit:
            return (
                f"l{index}: the drive of row {int(worst.argmax())} may reach "
                f"{float(worst.max()):.4g}, the grid of 2^-{grid.weight_bits + grid.input_bits} "
                f"holds less than {grid.limit:.4g}"
            )
    if net.readout is not None:
        worst = net.readout.weight.abs().sum(1) * net.code.reach + net.readout.bias.abs()
        if float(worst.max()) >= grid.limit:
            return f"readout: a logit may reach {float(worst.max()):.4g}, limit {grid.limit:.4g}"
    return ""


@torch.no_grad()
def _on_grid(net: Network, grid: Grid) -> Network:
    step, levels = 2.0**-grid.weight_bits, net.code.levels
    readout = None
    if net.readout is not None:
        readout = copy.deepcopy(net.readout)
        readout.weight.copy_(_rounded(readout.weight / levels, step) * levels)
        readout.bias.copy_(_rounded(readout.bias, step))
    layers: Any = [_layer_on_grid(layer, grid) for layer in net.stack]
    made = type(net)(layers, readout).to(net.stack[0].weight_ih.device).eval()
    return cast("Network", made)


def _layer_on_grid(layer: Any, grid: Grid) -> SpikingSubLSTM | CodedLayer:
    step, levels = 2.0**-grid.weight_bits, layer.code.levels
    per_input = 1 if layer.below is None else layer.below
    finest = 2.0**-grid.forget_bits
    constant = layer.forget
    forget = (
        _rounded(constant, finest).clamp(0.0, 1.0 - finest)
        if isinstance(constant, Tensor)
        else constant
    )
    made: SpikingSubLSTM | CodedLayer = layer.rebuilt(
        _rounded(layer.weight_ih / per_input, step) * per_input,
        _rounded(layer.weight_hh / levels, step) * levels,
        _rounded(layer.bias, grid.unit),
        forget,
        grid=grid,
    )
    return made


def _rounded(values: Tensor, step: float) -> Tensor:
    """Nearest multiples of `step`, computed in float64."""
    return torch.round(values.double() / step) * step


def off_grid(net: Network) -> Network:
    """A copy of `net` that is free to move off the grid again, with the code's own thresholds."""
    stack: list[Any] = [*net.stack]
    layers: Any = [
        layer.rebuilt(layer.weight_ih, layer.weight_hh, layer.bias, layer.forget, grid=None)
        for layer in stack
    ]
    return type(net)(layers, copy.deepcopy(net.readout))
