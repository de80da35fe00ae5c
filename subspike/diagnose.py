"""Why accuracy was lost: every suspect is put right in turn, and ranked by what that wins."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spiking import SubLSTMClassifier
from spiking.errors import ConfigError, ShapeError

from .suspects import CONVERSION, EXECUTION, Case, Cause, Net

# a cause is named only where putting it right wins this share of what was lost
_WORTH = 0.1


@dataclass(frozen=True)
class Diagnosis:
    """Accuracies, and the causes with the largest gain first.

    rate, spiking  accuracy of the rate model and of what was examined
    agreement      share of samples decided alike
    causes         that win at least a tenth of the loss back
    cleared        suspects that were tried and are innocent
    """

    rate: float
    spiking: float
    agreement: float
    causes: tuple[Cause, ...]
    cleared: tuple[str, ...]


@torch.no_grad()
def diagnose(
    rate: SubLSTMClassifier,
    net: Net,
    x: Tensor,
    y: Tensor,
    *,
    observed: Tensor | None = None,
) -> Diagnosis:
    """Rank the reasons why `net` is worse than `rate`, by intervention.

    x, y      samples (n, time, input) and labels (n,), best none of the test set
    observed  logits (n, classes) of the same network from elsewhere: an export, a chip. Then what
              that engine may do differently is examined as well

    Raises ShapeError for samples that do not fit, ConfigError without a readout.
    """
    if x.dim() != 3 or len(x) != len(y) or len(x) == 0:
        raise ShapeError(
            f"x {tuple(x.shape)} and y {tuple(y.shape)}: give as many labels as samples"
        )
    if net.readout is None:
        raise ConfigError("the network has no readout; nothing says what is right")
    if observed is not None and observed.shape != (len(x), net.readout.out_features):
        raise ShapeError(
            f"observed logits have shape {tuple(observed.shape)}; expected "
            f"({len(x)}, {net.readout.out_features})"
        )
    case = Case(rate.eval(), net, x, y, observed)
    wanted = case.accuracy(rate(x))
    decided = case.own if observed is None else observed
    examined = case.accuracy(decided)
    lost = max(wanted - examined, 1.0 / len(x))
    suspects = {**CONVERSION, **({} if observed is None else EXECUTION)}
    found = {name: suspect(case) for name, suspect in suspects.items()}
    guilty = [
        cause for cause in found.values() if cause is not None and cause.gain >= _WORTH * lost
    ]
    return Diagnosis(
        rate=wanted,
        spiking=examined,
        agreement=float((decided.argmax(1) == rate(x).argmax(1)).double().mean()),
        causes=tuple(sorted(guilty, key=lambda cause: -cause.gain)),
        cleared=tuple(name for name, cause in found.items() if cause not in guilty),
    )
