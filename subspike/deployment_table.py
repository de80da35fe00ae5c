"""Rows of a deployment as a table for a terminal, as data, and as an exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hardware import Estimate, Violation

from .answer import DONE, NO
from .deployment import Board, Match, Row
from .statistics import Interval

_HEAD = ("target", "fits", "accuracy", "lost", "differing", "spikes", "energy", "latency", "cores")
# points that quantisation and placement may lose
MARGIN = 0.5


def answered(rows: Sequence[Row], *, margin: float = MARGIN) -> int:
    """DONE where every target that fits agrees with its vendor and loses no more than `margin`.

    Of several targets some need not fit; one at least has to, and none may fail otherwise.
    """
    if any(row.failure for row in rows):
        return NO
    fitting = [row for row in rows if row.fits]
    agreed = all(not match.differing for row in fitting for match in row.matches)
    agreed &= all(not row.board.differing for row in fitting if row.board)
    kept = all(row.lost is not None and row.lost <= margin for row in fitting)
    return DONE if fitting and agreed and kept else NO


def table(rows: Sequence[Row]) -> str:
    """A line a target, then what each line rests on: broken rules, matches, resources, sources."""
    lines = [list(_HEAD), *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    text.insert(1, "-" * max(map(len, text)))
    for row in rows:
        text += ["", f"{row.target}:", *(f"  {line}" for line in _details(row))]
    return "\n".join(text)


def data(rows: Sequence[Row]) -> dict[str, Any]:
    """The same for programs."""
    return {"targets": [asdict(row) | {"fits": row.fits} for row in rows]}


def rows_of(data: Mapping[str, Any]) -> list[Row]:
    """What `data` was made of."""
    return [_row(dict(each)) for each in data["targets"]]


def _row(about: dict[str, Any]) -> Row:
    del about["fits"]
    said, latency, board = about["accuracy"], about["latency"], about.get("board")
    nouns = {
        "violations": tuple(Violation(**each) for each in about["violations"]),
        "accuracy": None if said is None else Interval(**said),
        "matches": tuple(Match(**each) for each in about["matches"]),
        "energy": tuple(Estimate(**each) for each in about["energy"]),
        "latency": None if latency is None else Estimate(**latency),
        "board": None if board is None else Board(**board),
        "used": {name: (have, limit) for name, (have, limit) in about["used"].items()},
        "notes": tuple(about["notes"]),
    }
    return Row(**about | nouns)


def markdown(rows: Sequence[Row]) -> str:
    """The lines of `table`, and the rules that were broken, for a document."""
    lines = [list(_HEAD), ["---"] * len(_HEAD), *(_cells(row) for row in rows)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    said = [
        f"- `{row.target}`: {'; '.join(map(str, row.violations)) or row.failure}"
        for row in rows
        if not row.fits
    ]
    return "\n".join([text, "", *said]) if said else text


def _cells(row: Row) -> list[str]:
    if not row.fits or row.accuracy is None or row.spikes is None or row.lost is None:
        fits = "failed" if row.failure else f"{len(row.violations)} rules"
        return [row.target, fits, *("-" for _ in _HEAD[2:])]
    return [
        row.target,
        "yes",
        f"{row.accuracy.value:.1%} of {row.samples}",
        f"{row.lost:+.2f}",
        ", ".join(_match(match) for match in row.matches) or "no simulator",
        f"{row.spikes:.4g}",
        _figure(row.joules),
        _figure(row.latency),
        str(row.cores),
    ]


def _match(match: Match) -> str:
    return f"{match.simulator} " + ("not run" if match.differing is None else str(match.differing))


def _figure(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return "unavailable"
    return f"{scaled(estimate.value)}{estimate.unit} ({estimate.kind})"


def scaled(value: float) -> str:
    """A number with an SI prefix: 1.5e-6 is "1.5 u"."""
    for prefix, size in (("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12)):
        if abs(value) >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value:.3g} "


def _board(board: Board) -> str:
    if board.chips is None:
        return f"{board.mapper}: our own placement instead of the vendor's: {board.reason}"
    return (
        f"{board.mapper}: {board.chips} chips, {board.entries} entries in the fullest routing "
        f"table; {board.differing} of {board.total} numbers that it would load are not ours"
    )


def _details(row: Row) -> list[str]:
    lines = [*row.notes, *map(str, row.violations)]
    lines += [row.failure] if row.failure else []
    for match in row.matches:
        if match.differing is None:
            lines.append(f"{match.simulator}: not run: {match.reason}")
        else:
            lines.append(
                f"{match.simulator}: {match.differing} of {match.total} spikes and readings differ "
                f"on {row.compared} samples"
            )
    if row.board:
        lines.append(_board(row.board))
    if row.used:
        used = (
            f"{name} {have}" + ("" if limit is None else f" of {limit}")
            for name, (have, limit) in row.used.items()
        )
        lines.append(f"fullest core: {', '.join(used)}")
    if row.synops is not None:
        lines.append(f"{row.synops:.4g} synaptic operations, {row.ticks} ticks a sample")
    if row.payload:
        lines.append(f"graded spikes carry {row.payload:.4g} bits a sample")
    if row.rate is not None and row.break_even is not None:
        lines.append(
            f"{row.rate:.3g} spikes a neuron and tick; the bit-matched rate model costs more below "
            f"{row.break_even:.3g}" + (" (never)" if row.break_even < 0 else "")
        )
    for each in (*row.energy, *((row.latency,) if row.latency else ())):
        behind = ", ".join(
            part for part in (each.table, each.node, each.scope, each.source) if part
        )
        lines.append(f"{each.quantity}: {_figure(each)}; {behind}")
    return lines
