"""The matrix of a conformance in words, as data, and as Markdown."""

from __future__ import annotations

import collections
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .agreement import Agreement, merged
from .running import Conformance, Result

_DASH = "-"
_REASONS, _LONGEST = 3, 200


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
    distinct = list(dict.fromkeys(textwrap.shorten(each, _LONGEST) for each in said))
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


def about(conformance: Conformance) -> dict[str, Any]:
    """Everything as JSON values, from which the tables are drawn."""
    return {
        "conforms": conformance.conforms,
        "consumers": [
            asdict(row) | {"found": _plain(row.found), "foretold": _plain(row.foretold)}
            for row in rows(conformance)
        ],
        "results": [
            {
                "consumer": each.consumer.name,
                "case": each.case,
                "predicted": each.predicted.state,
                "verdict": each.verdict,
                "foreseen": each.foreseen,
                "reason": each.reason,
                "found": _plain(each.found),
                "foretold": _plain(each.foretold),
            }
            for each in conformance.results
        ],
        "pairs": [
            {"one": one, "other": other, **(_plain(merged(each)) or {})}
            for (one, other), each in conformance.pairs.items()
        ],
    }


def _plain(found: Agreement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    finite = found.ratio < float("inf")  # a ratio beyond all numbers is no JSON
    return asdict(found) | {"ratio": found.ratio if finite else None, "share": found.share}


_HEADS = (
    "consumer",
    "reads",
    "predicted",
    "measured",
    "differing bins",
    "spikes",
    "parts at step",
    "differing from its preset",
)


def text(found: Mapping[str, Any]) -> str:
    """Tables of fixed width from what `about` says, then reasons and surprises."""
    heads, lines = _pairs(found)
    parts = [_table(_HEADS, [_cells(row) for row in found["consumers"]])]
    parts += [_table(heads, lines)] if len(lines) > 1 else []
    notes = [f"{row['consumer']}: {why}" for row in found["consumers"] for why in row["reasons"]]
    surprises = [
        f"NOT FORESEEN: {row['consumer']}, {each}"
        for row in found["consumers"]
        for each in row["surprises"]
    ]
    return "\n\n".join([*parts, *("\n".join(each) for each in (notes, surprises) if each)])


def markdown(found: Mapping[str, Any]) -> str:
    """The two tables from what `about` says, and the reasons as a list."""
    parts = [_piped(_HEADS, [_cells(row) for row in found["consumers"]]), _piped(*_pairs(found))]
    notes = [f"- {row['consumer']}: {why}" for row in found["consumers"] for why in row["reasons"]]
    return "\n\n".join([*parts, "\n".join(notes)]).rstrip()


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    name = f"{row['consumer']} {row['release']}" + (", mapped by us" if row["mapped"] else "")
    start = (name, row["profile"], row["predicted"], row["measured"])
    found, foretold = row["found"], row["foretold"]
    if found is None:
        return (*start, _DASH, _DASH, _DASH, _DASH)
    return (
        *start,
        _bins(found),
        "from none" if found["ratio"] is None else f"x{found['ratio']:.3f}",
        _DASH if found["first"] is None else str(found["first"]),
        _DASH if foretold is None else _bins(foretold),
    )


def _bins(found: Mapping[str, Any]) -> str:
    share = f" ({found['share']:.2%})" if found["differing"] else ""
    return f"{found['differing']}/{_short(found['total'])}{share}"


def _short(count: int) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)


def _pairs(found: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Percent of bins in which each pair differs; rows and columns are those that ran."""
    ran = [row["consumer"] for row in found["consumers"] if row["ran"]]
    known = {frozenset((pair["one"], pair["other"])): pair for pair in found["pairs"]}
    lines = [
        (
            one,
            *(
                _DASH if one == other else _percent(known.get(frozenset((one, other))))
                for other in ran
            ),
        )
        for one in ran
    ]
    return ("differing bins, %", *ran), lines


def _percent(pair: Mapping[str, Any] | None) -> str:
    if pair is None or not pair["total"]:
        return ""
    if pair["differing"] == 0:
        return "?" if pair["unseen"] else "0"
    return f"{100 * pair['share']:.2f}"


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    every = [heads, *lines]
    widths = [max(len(line[at]) for line in every) for at in range(len(heads))]
    shown = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in every]
    shown.insert(1, "-" * len(shown[0].rstrip()))
    return "\n".join(line.rstrip() for line in shown)


def _piped(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    every = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in every)
