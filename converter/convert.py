"""Rate model to spiking network, without data and without a silent approximation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import torch
from torch import nn

from spiking import Population, SpikingNetwork, SpikingSubLSTM, SubLSTM, SubLSTMClassifier
from spiking.errors import NotFiniteError

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
    code: Population | None = None,
    data: Batches | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> Conversion[SpikingNetwork]:
    """Map every node of `rate` onto populations of threshold neurons.

    code    default `Population(levels=8)`, two-sided
    data    inputs (n, time, input), or an iterable of such batches; needed only for
            `forget="gated"`, which is then distilled into a constant forget and tuned against
            the rate model (`distil`), and said so in the coverage

    Raises CoverageError naming every node that the code does not cover, and NotFiniteError
    naming the first parameter that holds NaN or infinity.
    """
    code = Population() if code is None else code
    require_finite(rate)
    coverage = cover(rate, code=code)
    source = rate
    if data is not None and any(node.name.endswith(".f") for node in coverage.unsupported):
        _without_forget(coverage).require_complete()
        made = distil(rate, data, seed=seed, device=device, progress=progress)
        source, coverage = made.model, _with_distilled(cover(made.model, code=code), made)
    coverage.require_complete()
    rnn, readout = _parts(source)
    layers = [_layer(rnn, index, code) for index in range(rnn.num_layers)]
    network = SpikingNetwork(layers, readout).to(device)
    return Conversion(network.eval(), coverage)


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
