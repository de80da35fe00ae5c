"""What layout a file has: by its keys where they are unique, else named or proved on data."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import CheckpointError, ConfigError, LayoutError
from spiking.lengths import last_valid

from .foreign import ForeignCell, foreign_cells_like, run_foreign
from .layouts import FORGET_WORDS, LAYOUTS, Layout
from .parts import Fit, Weights, fit_keys, gather, unexplained
from .proof import Candidate, Outcome, Proof, Score, decide, scored
from .translate import to_model


@dataclass(frozen=True)
class Overrides:
    """What the caller knows better than the table; None leaves the layout's own word."""

    activation: str | None = None
    cell_activation: str | None = None
    forget: str | None = None

    def applied(self, layout: Layout) -> Layout:
        """`layout` with these words in place of its own."""
        if self.forget is not None and self.forget not in FORGET_WORDS:
            raise ConfigError(f"forget={self.forget!r}; choose one of {FORGET_WORDS}")
        return replace(
            layout,
            activation=self.activation or layout.activation,
            cell_activation=self.cell_activation or layout.cell_activation,
            forget=self.forget or layout.forget,
        )


@dataclass(frozen=True)
class Settled:
    """The layout of a file and how it was settled.

    by      "keys", "argument" or "proof"
    scores  of every candidate, best first; empty without a proof
    """

    weights: Weights
    by: str
    scores: tuple[Score, ...]


def settle(
    state: Mapping[str, Tensor],
    *,
    layout: str | None = None,
    proof: Proof | None = None,
    overrides: Overrides | None = None,
) -> Settled:
    """Decide what `state` means.

    Without `layout` and `proof` the keys must belong to one layout alone. A proof chooses among
    all layouts and foreign cells with such keys; a named layout that it contradicts is refused.

    Raises LayoutError listing the candidates (with their scores, if there is a proof),
    CheckpointError where no layout explains the keys, ConfigError for an unknown `layout`, and
    the ShapeError or NotFiniteError of `gather`.
    """
    overrides = overrides or Overrides()
    if layout is not None and layout not in LAYOUTS:
        raise ConfigError(f"layout={layout!r} is not known; choose one of {', '.join(LAYOUTS)}")
    fits = [found for known in LAYOUTS.values() if (found := fit_keys(list(state), known))]
    explaining = [fit for fit in fits if fit.explains and not fit.refused]
    if layout is not None:
        _require_named(layout, fits)
    elif not explaining:
        raise _unexplained(fits, list(state))
    read = [
        replace(fit, layout=overrides.applied(fit.layout))
        for fit in explaining
        if layout in (None, fit.layout.name)
    ]
    others = [fit for fit in explaining if layout not in (None, fit.layout.name)]
    distinct = _distinct([*read, *others])
    if proof is None:
        if layout is None and len(distinct) > 1:
            raise LayoutError(_ambiguous(distinct, fits, list(state)))
        by = "keys" if layout is None else "argument"
        return Settled(gather(state, read[0]), by, ())
    everyone = {fit.layout.name: gather(state, fit) for fit in distinct}
    candidates = [_layout_candidate(weights) for weights in everyone.values()]
    any_weights = next(iter(everyone.values()))
    candidates += [
        _foreign_candidate(cell, any_weights)
        for cell in foreign_cells_like(set(everyone), fixed=any_weights.fit.fixed)
    ]
    scores = scored(candidates, proof)
    winner = decide(scores, proof)
    if layout is not None and winner.name != layout:
        listed = "\n".join(f"  {score}" for score in scores)
        raise LayoutError(f"layout={layout!r}, but the proof says {winner.name!r}\n{listed}")
    return Settled(everyone[winner.name], "proof", scores)


def _distinct(fits: list[Fit]) -> list[Fit]:
    """Without later readings that mean the same: overrides can make two layouts equal."""
    kept: dict[str, Fit] = {}
    for fit in fits:
        kept.setdefault(repr(replace(fit.layout, name="", source="", notes=())), fit)
    return list(kept.values())


def _require_named(layout: str, fits: list[Fit]) -> None:
    fit = next((fit for fit in fits if fit.layout.name == layout), None)
    fitting = [other.layout.name for other in fits if other.explains and not other.refused]
    hint = f"; its keys fit {', '.join(fitting)}" if fitting else ""
    if fit is None:
        raise LayoutError(f"no key of the file belongs to layout {layout!r}{hint}")
    if fit.refused:
        raise LayoutError(f"layout {layout!r}: {'; '.join(fit.refused)}{hint}")
    if not fit.explains:
        raise LayoutError(f"layout {layout!r} does not explain the keys ({unexplained(fit)}){hint}")


def _unexplained(fits: list[Fit], keys: list[str]) -> CheckpointError:
    for fit in fits:
        if fit.refused:
            return LayoutError(f"layout {fit.layout.name!r}: {'; '.join(fit.refused)}")
    if not fits:
        return CheckpointError(
            f"no known layout has keys like {', '.join(keys[:4])}; known: {', '.join(LAYOUTS)}"
        )
    nearest = min(fits, key=lambda fit: len(fit.missing) + len(fit.extra))
    return CheckpointError(f"nearest layout {nearest.layout.name!r}: {unexplained(nearest)}")


def _ambiguous(distinct: list[Fit], fits: list[Fit], keys: list[str]) -> str:
    names = {fit.layout.name for fit in distinct}
    lines = [
        f"  {fit.layout.name}: rows {','.join(fit.layout.row_order(fixed=fit.fixed))}, "
        f"{fit.layout.activation} gates, {fit.layout.cell_activation} cell ({fit.layout.source})"
        for fit in distinct
    ]
    lines += [
        f"  {fit.layout.name}: excluded, {'; '.join(fit.refused)}" for fit in fits if fit.refused
    ]
    lines += [
        f"  {cell.name}: cannot be loaded, {cell.reason}"
        for cell in foreign_cells_like(names, fixed=distinct[0].fixed)
    ]
    return (
        f"keys like {keys[0]} belong to several layouts of the same shapes:\n"
        + "\n".join(lines)
        + "\nname one with layout=, or prove it with proof=Proof(x, output=) or "
        "Proof(x, labels=)"
    )


def model_candidate(model: SubLSTM | SubLSTMClassifier, *, name: str, wrapper: str) -> Candidate:
    """A rate model as a candidate; it runs as a float64 copy."""
    double = copy.deepcopy(model).double().eval()
    rnn = double.rnn if isinstance(double, SubLSTMClassifier) else double

    def run(x: Tensor, lengths: Tensor | None) -> Outcome:
        given = x if rnn.batch_first else x.transpose(0, 1)
        output, state = rnn(given, lengths=lengths)
        output = output if rnn.batch_first else output.transpose(0, 1)
        logits = double(x, lengths) if isinstance(double, SubLSTMClassifier) else None
        return Outcome(output, state, logits)

    return Candidate(name, "", wrapper, run)


def _layout_candidate(weights: Weights) -> Candidate:
    layout = weights.fit.layout
    return model_candidate(to_model(weights), name=layout.name, wrapper=layout.wrapper_output)


def _foreign_candidate(cell: ForeignCell, weights: Weights) -> Candidate:
    def run(x: Tensor, lengths: Tensor | None) -> Outcome:
        output, state = run_foreign(cell, weights, x, lengths)
        if weights.readout is None:
            return Outcome(output, state, None)
        weight, bias = weights.readout
        logits = last_valid(output, lengths) @ weight.double().t()
        return Outcome(output, state, logits if bias is None else logits + bias.double())

    return Candidate(cell.name, cell.reason, weights.fit.layout.wrapper_output, run)
