"""Proof on data of what a checkpoint means: candidates are run and scored, and one must win."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spiking.errors import (
    ConfigError,
    EmptyDataError,
    LayoutError,
    NotFiniteError,
    ShapeError,
)
from spiking.lengths import checked_lengths, last_valid

SIGNIFICANCE = 0.01
# a candidate that misses by less than this many tolerances is not excluded by the reference
_MARGIN = 10.0
_CHUNK = 64


@dataclass(frozen=True, eq=False)
class Proof:
    """Data on which the right reading of a file shows itself: a reference run, or labels.

    x          inputs (batch, time, features)
    output     what the original model gave: (batch, time, directions * hidden), or (batch,
               classes) logits or the probabilities its classifier ends in
    state      the original's final (h_n, c_n), each (layers * directions, batch, hidden)
    labels     true classes (batch,), instead of `output`; the file needs a readout then
    lengths    valid steps of each sample (batch,)
    tolerance  largest difference to the reference, relative to max(1, largest reference value);
               states run in float64 here, so this is the rounding of the original

    Raises ConfigError, EmptyDataError, ShapeError or NotFiniteError for data that prove nothing.
    """

    x: Tensor
    output: Tensor | None = None
    state: tuple[Tensor, Tensor] | None = None
    labels: Tensor | None = None
    lengths: Tensor | None = None
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        if (self.output is None) == (self.labels is None):
            raise ConfigError("a proof needs either output= (a reference run) or labels=, not both")
        if self.state is not None and self.output is None:
            raise ConfigError("state= belongs to a reference run; give output= as well")
        if not self.tolerance > 0:
            raise ConfigError(f"tolerance is {self.tolerance}; it must be positive")
        _require_usable(self)


def _require_usable(proof: Proof) -> None:
    if proof.x.dim() != 3:
        raise ShapeError(f"x has shape {tuple(proof.x.shape)}; expected (batch, time, features)")
    if 0 in proof.x.shape:
        raise EmptyDataError(f"x has shape {tuple(proof.x.shape)}; it proves nothing")
    named = {"x": proof.x, "output": proof.output, "labels": proof.labels}
    for name, value in named.items():
        if value is None:
            continue
        if len(value) != len(proof.x):
            raise ShapeError(f"{name} has {len(value)} samples; x has {len(proof.x)}")
        if not bool(torch.isfinite(value).all()):
            raise NotFiniteError(f"{name} of the proof holds NaN or infinity")
    if proof.labels is not None:
        _require_classes(proof.labels)
    if proof.lengths is not None:
        checked_lengths(proof.lengths, batch=len(proof.x), steps=proof.x.shape[1])


def _require_classes(labels: Tensor) -> None:
    if labels.dim() != 1 or labels.is_floating_point():
        raise ShapeError(
            f"labels are {labels.dtype} of shape {tuple(labels.shape)}; expected integer classes "
            "(batch,)"
        )
    if int(labels.min()) < 0:
        raise ConfigError(f"labels hold {int(labels.min())}; classes count from 0")


@dataclass(frozen=True)
class Outcome:
    """What one candidate computes on the proof's inputs, in float64.

    output  (batch, time, directions * hidden)
    state   (h_n, c_n), each (layers * directions, batch, hidden)
    logits  (batch, classes), None without a readout
    """

    output: Tensor
    state: tuple[Tensor, Tensor]
    logits: Tensor | None


@dataclass(frozen=True)
class Candidate:
    """One reading of a file.

    name     of the layout, or of the foreign cell
    reason   why it cannot be loaded; "" for a layout
    wrapper  "softmax" or "log_softmax" where the original's classifier ends in one
    run      (x, lengths) -> Outcome
    """

    name: str
    reason: str
    wrapper: str
    run: Callable[[Tensor, Tensor | None], Outcome]


@dataclass(frozen=True, eq=False)
class Score:
    """How one candidate fares: an error against the reference, or correct answers of n.

    error    largest relative difference; NaN with labels
    correct  which samples it answers right (batch,), None with a reference
    """

    candidate: Candidate
    error: float
    correct: Tensor | None

    @property
    def badness(self) -> float:
        """Lower is better: the error, or the wrong answers."""
        return self.error if self.correct is None else float((~self.correct).sum())

    def __str__(self) -> str:
        if self.correct is None:
            shown = f"largest relative error {self.error:.2g}"
        else:
            right, total = int(self.correct.sum()), len(self.correct)
            shown = f"accuracy {100 * right / total:.1f} % ({right} of {total})"
        refused = f" (cannot be loaded: {self.candidate.reason})" if self.candidate.reason else ""
        return f"{self.candidate.name}: {shown}{refused}"


def scored(candidates: Sequence[Candidate], proof: Proof) -> tuple[Score, ...]:
    """Every candidate's score, best first.

    Raises ShapeError where the reference has another shape than any candidate's output, and
    ConfigError where labels are given but the file has no readout.
    """
    scores = [_score(candidate, proof) for candidate in candidates]
    return tuple(sorted(scores, key=lambda score: score.badness))


def decide(scores: Sequence[Score], proof: Proof) -> Candidate:
    """The one candidate that the proof singles out.

    Reference: it is within the tolerance, and no other within ten tolerances. Labels: it answers
    more samples right than the runner-up (exact McNemar test, two-sided) and than always saying
    the commonest class (binomial test), both at p < 0.01.

    Raises LayoutError with all scores where none is singled out, or where the winner is no
    subLSTM.
    """
    listed = "\n".join(f"  {score}" for score in scores)
    doubt = _doubt(scores, proof)
    if doubt:
        raise LayoutError(f"the proof does not settle the layout: {doubt}\n{listed}")
    winner = scores[0].candidate
    if winner.reason:
        raise LayoutError(f"this file is {winner.name}; {winner.reason}\n{listed}")
    return winner


def _doubt(scores: Sequence[Score], proof: Proof) -> str:
    best, rest = scores[0], scores[1:]
    if best.correct is None:
        if best.error > proof.tolerance or math.isnan(best.error):
            return f"no candidate is within {proof.tolerance:g} of the reference"
        if rest and rest[0].error <= _MARGIN * proof.tolerance:
            return "two candidates agree with the reference; give longer or larger inputs"
        return ""
    if proof.labels is None:
        raise ConfigError("scores of labels need a proof with labels")
    commonest = float(proof.labels.bincount().max()) / len(proof.labels)
    chance = binomial_tail(int(best.correct.sum()), len(best.correct), share=commonest)
    if chance >= SIGNIFICANCE:
        return f"the best candidate is no better than the commonest class (p = {chance:.2g})"
    if rest and rest[0].correct is not None:
        p = mcnemar(best.correct, rest[0].correct)
        if p >= SIGNIFICANCE:
            return f"the best two do not differ significantly (p = {p:.2g}); give more samples"
    return ""


def mcnemar(one: Tensor, other: Tensor) -> float:
    """Two-sided p of the exact McNemar test on paired right answers (batch,) of two models."""
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    discordant = only_one + only_other
    tail = binomial_tail(max(only_one, only_other), discordant, share=0.5)
    return min(1.0, 2.0 * tail)


def binomial_tail(successes: int, trials: int, *, share: float) -> float:
    """P(at least `successes` of `trials`), each succeeding with probability `share`."""
    if successes <= 0 or share >= 1.0:
        return 1.0
    logs = [
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(share)
        + (trials - k) * math.log1p(-share)
        for k in range(successes, trials + 1)
    ]
    return min(1.0, math.fsum(map(math.exp, logs)))


@torch.no_grad()
def _score(candidate: Candidate, proof: Proof) -> Score:
    outcome = _run_in_chunks(candidate, proof)
    if proof.labels is not None:
        if outcome.logits is None:
            raise ConfigError(
                "labels prove a layout through the readout, and this file has none; give "
                "output= of the original model"
            )
        correct = outcome.logits.argmax(dim=-1) == proof.labels.cpu()
        return Score(candidate, math.nan, correct)
    return Score(candidate, _reference_error(candidate, outcome, proof), None)


def _run_in_chunks(candidate: Candidate, proof: Proof) -> Outcome:
    """A trace of every step is kept while running: few samples at a time bound the memory."""
    x = proof.x.cpu().double()
    lengths = None if proof.lengths is None else proof.lengths.cpu()
    done = [
        candidate.run(
            x[start : start + _CHUNK],
            None if lengths is None else lengths[start : start + _CHUNK],
        )
        for start in range(0, len(x), _CHUNK)
    ]
    logits = [part.logits for part in done if part.logits is not None]
    h_n = torch.cat([part.state[0] for part in done], dim=1)
    c_n = torch.cat([part.state[1] for part in done], dim=1)
    output = torch.cat([part.output for part in done])
    return Outcome(output, (h_n, c_n), torch.cat(logits) if logits else None)


def _reference_error(candidate: Candidate, outcome: Outcome, proof: Proof) -> float:
    if proof.output is None:
        raise ConfigError("a reference error needs a proof with output")
    reference = proof.output.cpu().double()
    if reference.dim() == 3:
        readings = [outcome.output]
        if proof.lengths is not None and reference.shape == outcome.output.shape:
            time = torch.arange(reference.shape[1])
            valid = (time < proof.lengths.cpu().unsqueeze(1)).unsqueeze(-1)
            readings, reference = [outcome.output * valid], reference * valid
    elif outcome.logits is None:
        readings = [last_valid(outcome.output, proof.lengths)]
    else:
        readings = [outcome.logits, *_wrapped(outcome.logits, candidate.wrapper)]
    error = min(_relative(reading, reference, "output") for reading in readings)
    for name, mine, given in zip(("h_n", "c_n"), outcome.state, proof.state or (), strict=False):
        error = max(error, _relative(mine, given.cpu().double(), name))
    return error


def _wrapped(logits: Tensor, wrapper: str) -> list[Tensor]:
    if wrapper == "softmax":
        return [logits.softmax(dim=-1)]
    return [logits.log_softmax(dim=-1)] if wrapper == "log_softmax" else []


def _relative(mine: Tensor, reference: Tensor, name: str) -> float:
    if mine.shape != reference.shape:
        raise ShapeError(
            f"{name} of the proof has shape {tuple(reference.shape)}; this file's model gives "
            f"{tuple(mine.shape)}"
        )
    scale = max(1.0, float(reference.abs().max()))
    return float((mine - reference).abs().max()) / scale
