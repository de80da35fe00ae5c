"""Every installed consumer on the same cases, each guarded, beside the truth and pairwise."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from ..consumers import Consumer, Job, run_guarded
from ..consumers.guarded import MISSING, RAN, SECONDS, Answer, no_answer
from ..support import LOSSY, REFUSED, SUPPORTED, Support
from .agreement import Agreement, Rasters, agreement
from .case import Case

EQUAL, DIFFERS, PARTIAL, NOT_RUN = "equal", "differs", "partial", "not run"
# of which a consumer that will refuse is given no more: one that follows a loop never ends
_SECONDS_TO_REFUSE = 20.0


@dataclass(frozen=True)
class Result:
    """What one consumer did with one case.

    verdict    "equal", "differs"; "partial": it shows part of the spikes; "refused", "failed";
               "not run": it is not installed
    reason     why it did not run
    found      beside the right answer, where it ran
    foretold   beside its preset's, where it ran and has one
    """

    consumer: Consumer
    case: str
    predicted: Support
    verdict: str
    reason: str
    found: Agreement | None
    foretold: Agreement | None

    @property
    def foreseen(self) -> bool:
        """Whether it did what was predicted; also where it did nothing, being absent."""
        if self.verdict == NOT_RUN:
            return True
        if self.predicted.state == SUPPORTED:
            return self.verdict == EQUAL
        if self.predicted.state == LOSSY:
            ran = self.verdict in (EQUAL, DIFFERS)
            return ran and (self.foretold is None or not self.foretold.differing)
        return self.verdict not in (EQUAL, DIFFERS)


@dataclass(frozen=True)
class Conformance:
    """All results, and how each pair of consumers that ran agrees, summed over cases.

    pairs  {("norse", "snntorch"): one Agreement a case that both ran}
    """

    results: tuple[Result, ...]
    pairs: dict[tuple[str, str], tuple[Agreement, ...]]

    @property
    def conforms(self) -> bool:
        """At least one consumer ran, and every one that is installed did as predicted."""
        ran = any(each.found is not None for each in self.results)
        return ran and all(each.foreseen for each in self.results)


def conform(
    cases: Sequence[Case],
    consumers: Sequence[Consumer],
    *,
    dt: float,
    seconds: float = SECONDS,
    progress: bool = True,
) -> Conformance:
    """Run every consumer on every case; one process a consumer, many if it dies.

    seconds  for each case of a consumer
    """
    results: list[Result] = []
    shown: dict[str, dict[str, Rasters]] = {case.name: {} for case in cases}
    total = len(cases) * len(consumers)
    with tqdm(total=total, desc="conform", unit="run", disable=None if progress else True) as bar:
        for consumer in consumers:
            bar.set_postfix_str(consumer.name)
            for case, answer in zip(
                cases, _answers(consumer, cases, dt, seconds, bar), strict=True
            ):
                rasters = _of(case, case.shown(consumer, answer)) if answer.state == RAN else {}
                results.append(_judged(consumer, case, answer, rasters))
                if answer.state == RAN:
                    shown[case.name][consumer.name] = rasters
    return Conformance(tuple(results), _pairwise(shown))


def _answers(
    consumer: Consumer, cases: Sequence[Case], dt: float, seconds: float, bar: tqdm
) -> list[Answer]:
    """One a case; those that will refuse are asked apart, and not for long."""
    readings = [case.readings[consumer.name] for case in cases]
    answers = [no_answer(REFUSED, "; ".join(each.predicted.reasons)) for each in readings]
    start = bar.n
    hopeless = [each.predicted.state == REFUSED for each in readings]
    for asked, patience in ((False, seconds), (True, min(seconds, _SECONDS_TO_REFUSE))):
        chosen = [
            (at, Job(reading.file, cases[at].x))
            for at, reading in enumerate(readings)
            if reading.file is not None and hopeless[at] is asked
        ]
        before = bar.n

        def done(count: int, before: int = before) -> None:
            bar.update(before + count - bar.n)

        jobs = [job for _, job in chosen]
        given = run_guarded(consumer, jobs, dt=dt, seconds=patience, done=done)
        for (at, _), answer in zip(chosen, given, strict=True):
            answers[at] = answer
    bar.update(start + len(cases) - bar.n)
    return answers


def _judged(consumer: Consumer, case: Case, answer: Answer, rasters: Rasters) -> Result:
    predicted, foretold = case.readings[consumer.name].predicted, None
    if answer.state != RAN:
        verdict = NOT_RUN if answer.state == MISSING else answer.state
        return Result(consumer, case.name, predicted, verdict, answer.reason, None, None)
    outputs = None if case.output is None else (case.output, answer.output)
    found = agreement(case.rasters, rasters, outputs)
    told = case.readings[consumer.name].foretold
    if told is not None:
        foretold = agreement(_of(case, told), rasters)
    verdict = PARTIAL if found.unseen else EQUAL if found.equal else DIFFERS
    reason = f"does not show {', '.join(found.unseen)}" if found.unseen else ""
    return Result(consumer, case.name, predicted, verdict, reason, found, foretold)


def _of(case: Case, shown: Rasters) -> Rasters:
    """Only what the truth shows; NIR graphs have relays besides."""
    return {name: shown[name] for name in case.rasters if name in shown}


def _pairwise(
    shown: dict[str, dict[str, Rasters]],
) -> dict[tuple[str, str], tuple[Agreement, ...]]:
    found: dict[tuple[str, str], list[Agreement]] = {}
    for rasters in shown.values():
        for one, other in itertools.combinations(sorted(rasters), 2):
            found.setdefault((one, other), []).append(agreement(rasters[one], rasters[other]))
    return {pair: tuple(each) for pair, each in found.items()}
