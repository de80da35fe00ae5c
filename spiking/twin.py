"""The quantised twin: the rate equations with the code's rounding, differentiable.

The spiking network equals it bit for bit, so whatever accuracy is lost is the rounding's, and
can be tuned away here, where a step is a few vector operations and not K neurons a value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from . import kernels
from .activation import ACTIVATIONS, Activation
from .classifier import require_sequences
from .coded import CodedNetwork
from .compiled import can_compile, compiled_twin
from .lengths import checked_lengths, last_valid
from .network import SpikingNetwork
from .neuron import SpikingSubLSTM


class _Levels(torch.autograd.Function):
    """Forward: the number of thresholds below a value. Backward: straight through K act'(a)."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, thresholds: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        return torch.bucketize(value.contiguous(), thresholds).to(value.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return grads[0] * slope, None, None


def levels(value: Tensor, thresholds: Tensor, *, activation: Activation, scale: float) -> Tensor:
    """round(K act(a)): how many thresholds lie below a; gradient K act'(a) (straight through).

    value       a, or a cell in quanta                       # any shape
    thresholds  ascending                                    # (levels,)
    scale       quanta per unit of a: 1 for a drive, K for a cell counted in quanta
    """
    with torch.enable_grad():
        probe = (value.detach() / scale).requires_grad_()
        (slope,) = torch.autograd.grad(activation.function(probe).sum(), probe)
    slopes = slope * (len(thresholds) / scale)
    count: Tensor = _Levels.apply(value, thresholds, slopes)  # type: ignore[no-untyped-call]  # torch types no Function
    return count


def twin_layer(
    layer: SpikingSubLSTM, x: Tensor, *, gates: bool = True
) -> tuple[Tensor, dict[str, Tensor]]:
    """A layer over time; x (batch, time, input) analog or spike counts.

    On the CPU it runs in the C++ core, where gradients pass h and counts only, c is float32, and
    `gates=False` leaves z, i and o out; so it does in Triton on a GPU where that was asked for.

    returns  signed counts K h_t (batch, time, hidden), and the values of z, i, o, c, h as the
             rate model has them, each (batch, time, hidden)
    """
    on_gpu = not gates and kernels.triton_wanted(x, hidden=layer.weight_hh.shape[1])
    if on_gpu or kernels.usable(x):
        return _twin_in_core(layer, x, gates=gates)
    act, k = ACTIVATIONS[layer.activation], layer.code.levels
    state = layer.initial_state(x.shape[0])
    cell, counts = state.cell, state.counts
    history: dict[str, list[Tensor]] = {name: [] for name in "zioch"}
    for x_t in x.unbind(1):
        drive = layer.drive(x_t, counts)
        below = levels(drive, layer.threshold, activation=act, scale=1.0)
        n_z, n_i, n_o = below.chunk(3, dim=1)
        cell = layer.forget * cell + (n_z - n_i).double()
        n_s = levels(cell, layer.cell_threshold, activation=act, scale=float(k))
        counts = n_s.to(n_o.dtype) - n_o
        for name, value in zip("zioch", (n_z, n_i, n_o, cell, counts), strict=True):
            history[name].append(value / k)
    values = {name: torch.stack(each, 1) for name, each in history.items()}
    return values["h"] * k, values


def _twin_in_core(
    layer: SpikingSubLSTM, x: Tensor, *, gates: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    k = layer.code.levels
    done = kernels.run_twin(x.transpose(0, 1), layer.numbers(), gates=gates)
    counts = done.counts.transpose(0, 1)
    values = {"c": done.levels.transpose(0, 1), "h": counts / k}
    if gates:
        fired = (done.gates.transpose(0, 1).to(x.dtype) - layer.code.rest) / k
        values |= dict(zip("zio", fired.unbind(2), strict=True))
    return counts, values


def twin_trace(
    net: SpikingNetwork | CodedNetwork, x: Tensor, *, gates: bool = True
) -> dict[str, Tensor]:
    """Values of every node, {"l0.z": (batch, time, hidden), ..., "logits": (batch, time, classes)}.

    Differentiable in the network's parameters. x (batch, time, input). Whoever does not look at
    z, i and o saves time with `gates=False`; a `CodedNetwork` has c and h alone, and where it runs
    in the C++ core c has no gradient.
    """
    require_sequences(x, features=net.input_size)
    return TRACES[type(net)](net, x, gates=gates)


def _population_trace(net: SpikingNetwork, x: Tensor, *, gates: bool) -> dict[str, Tensor]:
    trace: dict[str, Tensor] = {}
    value = net.encode(x)
    for index, layer in enumerate(net.stack):
        value, values = twin_layer(layer, value, gates=gates)
        trace |= {f"l{index}.{name}": each for name, each in values.items()}
    return trace | _logits(net, value)


def _logits(net: SpikingNetwork | CodedNetwork, counts: Tensor) -> dict[str, Tensor]:
    """Of h of the top layer in quanta, where there is a readout."""
    if net.readout is None:
        return {}
    weight = net.readout.weight / net.code.levels
    return {"logits": torch.nn.functional.linear(counts, weight, net.readout.bias)}


def _coded_trace(net: CodedNetwork, x: Tensor, *, gates: bool) -> dict[str, Tensor]:
    del gates
    if not can_compile(net.stack, x):
        run = net.run(x, spell=False, record=True)
        return run.cells if run.logits is None else {**run.cells, "logits": run.logits}
    counts, trace = compiled_twin(net.stack, net.encode(x))
    return trace | _logits(net, counts)


TRACES: dict[type, Callable[..., dict[str, Tensor]]] = {
    CodedNetwork: _coded_trace,
    SpikingNetwork: _population_trace,
}


def twin_forward(
    net: SpikingNetwork | CodedNetwork, x: Tensor, lengths: Tensor | None = None
) -> Tensor:
    """The twin's logits (batch, classes) at the last valid step; the call of the network."""
    trace = twin_trace(net, x, gates=False)
    top = trace["logits"] if net.readout is not None else trace[f"l{len(net.layers) - 1}.h"]
    if lengths is not None:
        lengths = checked_lengths(lengths, batch=x.shape[0], steps=x.shape[1]).to(x.device)
    return last_valid(top, lengths)
