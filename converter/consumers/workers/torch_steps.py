"""What the torch libraries share: double precision, stepping, and watching spiking nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Spikes = dict[str, NDArray[Any]]
SPIKING = (nir.CubaLIF, nir.IF, nir.LIF, nir.Threshold)


def stepped(module: nn.Module, graph: nir.NIRGraph, x: NDArray[Any]) -> tuple[Spikes, NDArray[Any]]:
    """Run `module`, which was imported from `graph`, on x (batch, time, inputs) in float64.

    In these libraries' default of float32 the decaying cell rounds otherwise, which 2 of 100
    sequences of 784 steps were seen to tell.
    """
    return watched(doubled(module), [n for n, v in graph.nodes.items() if type(v) in SPIKING], x)


def doubled(module: nn.Module) -> nn.Module:
    """The module in float64, spikes included, which snnTorch hands on as float32."""

    def widen(_module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(each.double() if isinstance(each, Tensor) else each for each in given)

    for part in module.modules():
        if not any(True for _ in part.children()):
            part.register_forward_pre_hook(widen)
    return module.double()


@torch.no_grad()
def watched(
    module: nn.Module, names: Iterable[str], x: NDArray[Any]
) -> tuple[Spikes, NDArray[Any]]:
    """Step the module through x, its state threaded, and keep what the named parts said."""
    kept: dict[str, list[NDArray[Any]]] = {}
    # nirtorch writes "_" for "." in a name, and puts a prefix before a keyword
    wanted = {name.replace(".", "_"): name for name in names}

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def record(_module: nn.Module, _arguments: Any, result: Any) -> None:
            fired = result[0] if isinstance(result, tuple) else result
            kept.setdefault(name, []).append(fired.numpy())

        return record

    # the innermost module of a name: snnTorch wraps a neuron in a graph that is called the same
    parts = {
        wanted[path.split(".")[-1]]: part
        for path, part in module.named_modules()
        if path.split(".")[-1] in wanted
    }
    hooks = [part.register_forward_hook(watch(name)) for name, part in parts.items()]
    state, outputs = None, []
    for x_t in torch.from_numpy(np.asarray(x, dtype=np.float64)).unbind(1):
        result, state = module(x_t) if state is None else module(x_t, state)
        outputs.append(result.numpy())
    for hook in hooks:
        hook.remove()
    return {name: np.stack(each, 1) for name, each in kept.items()}, np.stack(outputs, 1)
