"""Rate model to spiking network, without data and without a silent approximation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from spiking import (
    Code,
    CodedLayer,
    CodedNetwork,
    Forgetting,
    Population,
    SpikingNetwork,
    SpikingSubLSTM,
    SubLSTM,
    SubLSTMClassifier,
)
from spiking.errors import ConfigError, NotFiniteError

from .coverage import APPROXIMATE, Coverage, cover
from .data import Batches
from .distil import Distilled, distil
from .translate import linear

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Conversion(Generic[Network]):
    """A spiking network and the account of how each node of the rate model became part of it."""

    network: Network
    coverage: Coverage


def convert(
    rate: SubLSTM | SubLSTMClassifier,
    *,
    code: Code | None = None,
    forget: Forgetting | None = None,
    data: Batches | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> Conversion[Any]:
    """Map every node of `rate` onto neurons of a spike code.

    code    default `Population(levels=8)`, two-sided
    forget  how spikes form f_t c_{t-1} of `forget="gated"`: `Native`, `Shunt` or `Coincidence`
    data    inputs (n, time, input), or an iterable of such batches; without `forget` a gated
            model is distilled into a constant forget on them and tuned against the rate model
            (`distil`), and said so in the coverage
    returns a `SpikingNetwork` for a population with a constant forget, which every export reads;
            a `CodedNetwork` for everything else

    Raises CoverageError naming every node that the code does not cover, and NotFiniteError
    naming the first parameter that holds NaN or infinity.
    """
    code = Population() if code is None else code
    require_finite(rate)
    coverage = cover(rate, code=code, forget=forget)
    source = rate
    if (
        data is not None
        and forget is None
        and any(node.name.endswith(".f") for node in coverage.unsupported)
    ):
        _without_forget(coverage).require_complete()
        made = distil(rate, data, seed=seed, device=device, progress=progress)
        source, coverage = made.model, _with_distilled(cover(made.model, code=code), made)
    coverage.require_complete()
    rnn, readout = _parts(source)
    network: SpikingNetwork | CodedNetwork
    if isinstance(code, Population) and rnn.forget == "fixed":
        network = SpikingNetwork([_layer(rnn, k, code) for k in range(rnn.num_layers)], readout)
    else:
        layers = [_coded_layer(rnn, k, code, forget) for k in range(rnn.num_layers)]
        network = CodedNetwork(layers, readout)
    return Conversion(network.to(device).eval(), coverage)


def require_finite(model: nn.Module) -> None:
    """NotFiniteError naming the first parameter of `model` that holds NaN or infinity."""
    for name, value in model.named_parameters():
        wrong = int((~torch.isfinite(value)).sum())
        if wrong:
            raise NotFiniteError(
                f"{name}: {wrong} of {value.numel()} entries are NaN or infinite; "
                "the checkpoint is damaged or the training diverged"
            )


def _parts(source: SubLSTM | SubLSTMClassifier) -> tuple[SubLSTM, nn.Linear | None]:
    if isinstance(source, SubLSTM):
        return source, None
    weight, bias = source.readout.weight, source.readout.bias
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    return source.rnn, linear(weight, bias, dtype=torch.float32)


def _layer(rnn: SubLSTM, index: int, code: Population) -> SpikingSubLSTM:
    suffix = f"l{index}"
    return SpikingSubLSTM(
        rnn.get("weight_ih", suffix),
        rnn.get("weight_hh", suffix),
        rnn.get("bias_ih", suffix) + rnn.get("bias_hh", suffix),
        torch.sigmoid(rnn.get("forget", suffix).detach().double()),
        code=code,
        activation=rnn.activation,
        below=None if index == 0 else code.levels,
    )


def _coded_layer(rnn: SubLSTM, index: int, code: Code, forget: Forgetting | None) -> CodedLayer:
    suffix = f"l{index}"
    constant = rnn.forget == "fixed"
    formed = torch.sigmoid(rnn.get("forget", suffix).detach().double()) if constant else forget
    if formed is None:
        raise ConfigError("a computed forget needs forget=, the way to form it")
    return CodedLayer(
        rnn.get("weight_ih", suffix),
        rnn.get("weight_hh", suffix),
        rnn.get("bias_ih", suffix) + rnn.get("bias_hh", suffix),
        formed,
        code=code,
        activation=rnn.activation,
        below=None if index == 0 else code.levels,
    )


def _without_forget(coverage: Coverage) -> Coverage:
    return Coverage(tuple(n for n in coverage.nodes if not n.name.endswith(".f")))


def _with_distilled(coverage: Coverage, made: Distilled) -> Coverage:
    reason = (
        f"gate distilled into a constant: agreement with the rate model {made.agreement:.1%} "
        f"on {made.samples} held-out samples, RMSE of the output {made.rmse:.3g}"
    )
    return Coverage(
        tuple(
            replace(node, fidelity=APPROXIMATE, reason=reason) if node.name.endswith(".f") else node
            for node in coverage.nodes
        )
    )
