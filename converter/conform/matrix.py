"""The matrix of a conformance in words, as data, and as Markdown."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .agreement import Agreement, merged
from .running import Conformance, Result

_DASH = "-"
_REASONS = 3


@dataclass(frozen=True)
class Row:
    """All cases of one consumer.

    predicted, measured  "supported", or "3 supported, 1 refused" where the cases differ
    cases                that ran, of all
    found, foretold      of the cases that ran, beside the truth and beside the preset
    reasons              why some did not run, and what makes others differ
    surprises            cases that went otherwise than predicted
    """

    consumer: str
    release: str
    profile: str
    mapped: bool
    predicted: str
    measured: str
    ran: int
    cases: int
    found: Agreement | None
    foretold: Agreement | None
    reasons: tuple[str, ...]
    surprises: tuple[str, ...]


def rows(conformance: Conformance) -> tuple[Row, ...]:
    """One a consumer, in the order in which they ran."""
    groups: dict[str, list[Result]] = {}
    for result in conformance.results:
        groups.setdefault(result.consumer.name, []).append(result)
    return tuple(_row(name, each) for name, each in groups.items())


def _row(name: str, results: list[Result]) -> Row:
    consumer = results[0].consumer
    found = [each.found for each in results if each.found is not None]
    foretold = [each.foretold for each in results if each.foretold is not None]
    said = [each.reason for each in results if each.reason]
    said += [reason for each in results for reason in each.predicted.reasons]
    distinct = list(dict.fromkeys(said))
    more = [f"and {len(distinct) - _REASONS} other reasons"] if len(distinct) > _REASONS else []
    surprises = [
        f"{each.case}: {each.predicted.state} was predicted, {each.verdict} was found"
        for each in results
        if not each.foreseen
    ]
    return Row(
        name,
        consumer.release,
        consumer.profile,
        not consumer.importer,
        _counted(each.predicted.state for each in results),
        _counted(each.verdict for each in results),
        len(found),
        len(results),
        merged(found) if found else None,
        merged(foretold) if foretold else None,
        tuple(distinct[:_REASONS] + more),
        tuple(surprises),
    )


def _counted(words: Iterable[str]) -> str:
    counts = collections.Counter(words)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {word}" for word, count in counts.most_common())


_HEADS = (
    "consumer",
    "reads",
    "predicted",
    "measured",
    "differing bins",
    "spikes",
    "parts at step",
    "differing from preset",
)


def _cells(row: Row) -> tuple[str, ...]:
    name = f"{row.consumer} {row.release}" + (", mapped by us" if row.mapped else "")
    start = (name, row.profile, row.predicted, row.measured)
    if row.found is None:
        return (*start, _DASH, _DASH, _DASH, _DASH)
    return (
        *start,
        _bins(row.found),
        f"x{row.found.ratio:.3f}",
        _DASH if row.found.first is None else str(row.found.first),
        _DASH if row.foretold is None else _bins(row.foretold),
    )


def _bins(found: Agreement) -> str:
    share = f" ({found.share:.2%})" if found.differing else ""
    return f"{found.differing}/{_short(found.total)}{share}"


def _short(count: int) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)


def _pair_cells(conformance: Conformance) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Percent of bins in which each pair differs; rows and columns are those that ran."""
    ran = [row.consumer for row in rows(conformance) if row.ran]
    lines = []
    for one in ran:
        cells = [one]
        for other in ran:
            key = (min(one, other), max(one, other))
            cells.append(_DASH if one == other else _percent(conformance.pairs.get(key, ())))
        lines.append(tuple(cells))
    return ("differing bins, %", *ran), lines


def _percent(agreements: Sequence[Agreement]) -> str:
    if not agreements:
        return ""
    found = merged(agreements)
    return "0" if found.equal else f"{100 * found.share:.2f}"


def text(conformance: Conformance) -> str:
    """Tables of fixed width, then reasons and surprises."""
    made = rows(conformance)
    parts = [_table(_HEADS, [_cells(row) for row in made])]
    heads, lines = _pair_cells(conformance)
    if len(lines) > 1:
        parts.append(_table(heads, lines))
    notes = [f"{row.consumer}: {reason}" for row in made for reason in row.reasons]
    surprises = [f"NOT FORESEEN: {row.consumer}, {each}" for row in made for each in row.surprises]
    parts += ["\n".join(each) for each in (notes, surprises) if each]
    return "\n\n".join(parts)


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[at]) for line in (heads, *lines)) for at in range(len(heads))]
    shown = [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in (heads, *lines)
    ]
    shown.insert(1, "-" * len(shown[0].rstrip()))
    return "\n".join(line.rstrip() for line in shown)


def markdown(conformance: Conformance) -> str:
    """The two tables, and the reasons as a list."""
    made = rows(conformance)
    parts = [_piped(_HEADS, [_cells(row) for row in made]), _piped(*_pair_cells(conformance))]
    notes = [f"- {row.consumer}: {reason}" for row in made for reason in row.reasons]
    return "\n\n".join([*parts, "\n".join(notes)]).rstrip()


def _piped(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    every = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in every)


def about(conformance: Conformance) -> dict[str, Any]:
    """Everything as JSON values."""
    return {
        "conforms": conformance.conforms,
        "consumers": [asdict(row) | _derived(row.found) for row in rows(conformance)],
        "results": [
            {
                "consumer": each.consumer.name,
                "case": each.case,
                "predicted": each.predicted.state,
                "verdict": each.verdict,
                "foreseen": each.foreseen,
                "reason": each.reason,
                "found": None if each.found is None else asdict(each.found) | _derived(each.found),
                "foretold": None if each.foretold is None else asdict(each.foretold),
            }
            for each in conformance.results
        ],
        "pairs": [
            {"one": one, "other": other, **asdict(merged(each)), **_derived(merged(each))}
            for (one, other), each in conformance.pairs.items()
        ],
    }


def _derived(found: Agreement | None) -> dict[str, Any]:
    """A ratio beyond all numbers is no JSON; null says so."""
    if found is None:
        return {}
    finite = found.ratio < float("inf")
    return {"ratio": found.ratio if finite else None, "share": found.share}
