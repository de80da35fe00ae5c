"""Other people's simulators reading our NIR file: the same spikes, or it is not portable."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spiking.errors import ConfigError, MissingSoftwareError

from .nir_file import read_nir
from .nir_graph import PORTABLE_DT

Rasters = dict[str, NDArray[np.bool_]]
_WATCHED = ("n2_gates", "n4_cell")


def run_consumer(name: str, path: Path, x: Tensor) -> tuple[Rasters, NDArray[Any]]:
    """Let the library `name` read the NIR file at `path` and run it on x (batch, time, input).

    In float64, as the network's own cell is: in these libraries' default of float32 the decaying
    cell rounds otherwise, which 2 of 100 sequences of 784 steps were seen to tell.

    returns  spikes of every spiking node {"l0_n2_gates": (batch, time, neurons), ...}, and the
             outputs (batch, time, outputs)

    Raises ConfigError for a name not in CONSUMERS, MissingSoftwareError where it is not installed,
    and what `read_nir` raises.
    """
    if name not in CONSUMERS:
        raise ConfigError(f"consumer {name!r} is not known; choose one of {sorted(CONSUMERS)}")
    module = CONSUMERS[name](read_nir(path))
    return _run(_doubled(module), x.cpu().double())


def _snntorch(graph: nir.NIRGraph) -> nn.Module:
    from snntorch.import_nir import import_from_nir

    # snnTorch tells its progress on stdout, which belongs to our own reports
    with contextlib.redirect_stdout(io.StringIO()):
        module: nn.Module = import_from_nir(graph)
    return module


def _norse(graph: nir.NIRGraph) -> nn.Module:
    with warnings.catch_warnings():
        # norse 1.1.0 scripts functions at import, which torch 2.13 calls deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import norse.torch
        except ImportError as error:
            command = "pip install 'subspike[norse]'"
            raise MissingSoftwareError("norse is not installed", command) from error
        module: nn.Module = norse.torch.from_nir(graph, dt=PORTABLE_DT)
    return module


CONSUMERS: dict[str, Callable[[nir.NIRGraph], nn.Module]] = {
    "norse": _norse,
    "snntorch": _snntorch,
}


def _doubled(module: nn.Module) -> nn.Module:
    """The module in float64, spikes included, which snnTorch hands on as float32."""

    def widen(_module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(each.double() if isinstance(each, Tensor) else each for each in given)

    for part in module.modules():
        if not any(True for _ in part.children()):
            part.register_forward_pre_hook(widen)
    return module.double()


@torch.no_grad()
def _run(module: nn.Module, x: Tensor) -> tuple[Rasters, NDArray[Any]]:
    spikes: dict[str, list[NDArray[np.bool_]]] = {}

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def record(_module: nn.Module, _arguments: Any, result: Any) -> None:
            fired = result[0] if isinstance(result, tuple) else result
            spikes.setdefault(name, []).append(fired.numpy() > 0)

        return record

    hooks = [
        part.register_forward_hook(watch(name.split(".")[-1]))
        for name, part in module.named_modules()
        if name.endswith(_WATCHED)
    ]
    state, outputs = None, []
    for x_t in x.unbind(1):
        result, state = module(x_t) if state is None else module(x_t, state)
        outputs.append(result.numpy())
    for hook in hooks:
        hook.remove()
    return {name: np.stack(each, 1) for name, each in spikes.items()}, np.stack(outputs, 1)
