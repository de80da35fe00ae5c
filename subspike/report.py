"""A comparison as a table for a terminal, and as JSON that reads back equal."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spiking.errors import CheckpointError, ConfigError
from spiking.files import strict_json, write_whole

from .compare import Comparison, LevelPoint, Missing, Row
from .identity import Identity
from .statistics import Interval, Paired

SCHEMA = 2


def table(comparison: Comparison) -> str:
    """Every stage in a line; then stages that were not run, and what the numbers rest on.

    Differences in points of accuracy; "step" against the stage it is made from; spikes and synaptic
    operations per inference.
    """
    rows = [[*COLUMNS], *([cell(row) for cell in COLUMNS.values()] for row in comparison.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    lines += [f"{gone.name:<{widths[0]}}  not run: {gone.reason}" for gone in comparison.missing]
    who = comparison.identity
    lines += [
        "",
        headline(comparison),
        resolving(comparison),
        f"{who.data}; {who.code}; seed {who.seed}; device {who.device}; model {who.model[:12]}",
    ]
    return "\n".join(lines)


def resolving(comparison: Comparison) -> str:
    """What this test set can show at all."""
    return (
        f"{comparison.samples} test samples can show a difference of "
        f"{100 * comparison.resolution:.2f} points at best; margin {100 * comparison.margin:g}"
    )


def headline(comparison: Comparison) -> str:
    """The outcome in one sentence."""
    compared = [row for row in comparison.rows if row.differing is not None]
    worst = min((row for row in comparison.rows if row.to_rate), key=lambda row: row.accuracy.value)
    lost = comparison.rows[0].accuracy.value - worst.accuracy.value
    equal = sum(row.differing == 0 for row in compared)
    return (
        f"{comparison.verdict}: rate {100 * comparison.rows[0].accuracy.value:.1f} %, lowest stage "
        f"{100 * worst.accuracy.value:.1f} % ({worst.name}, {100 * lost:+.1f} points lost); "
        f"{equal} of {len(compared)} re-executions equal spike for spike"
    )


def share(row: Row) -> str:
    """Accuracy in percent, with its interval."""
    a = row.accuracy
    return f"{100 * a.value:.1f} [{100 * a.low:.1f}, {100 * a.high:.1f}]"


def points(pair: Paired | None) -> str:
    """A paired difference in points with its interval."""
    if pair is None:
        return "-"
    d = pair.delta
    return f"{100 * d.value:+.1f} [{100 * d.low:+.1f}, {100 * d.high:+.1f}]"


def differing(row: Row) -> str:
    """Differing spikes of how many; a dash where nothing was compared."""
    return "-" if row.differing is None else f"{row.differing}/{number(row.total)}"


def number(value: float | None) -> str:
    """Four digits at most, with k or M."""
    if value is None:
        return "-"
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g}{unit}"
    return f"{value:.4g}"


# what every report says of a stage, on a terminal and on a page
COLUMNS: dict[str, Callable[[Row], str]] = {
    "stage": lambda row: row.name,
    "accuracy [95 %]": share,
    "to rate [95 %], points": lambda row: points(row.to_rate),
    "McNemar": lambda row: f"{row.to_rate.p_value:.3f}" if row.to_rate else "-",
    "step": lambda row: f"{100 * row.to_before.delta.value:+.1f}" if row.to_before else "-",
    "agree": lambda row: f"{100 * row.agreement:.1f}",
    "differing": differing,
    "spikes": lambda row: number(row.spikes),
    "synops": lambda row: number(row.synops),
    "verdict": lambda row: row.verdict or "-",
}


def to_json(comparison: Comparison) -> str:
    """The whole comparison, with its schema version; NaN and infinity are not written."""
    data = {"schema": SCHEMA, "comparison": _plain(comparison)}
    return json.dumps(data, indent=1, sort_keys=True, allow_nan=False)


def write_json(comparison: Comparison, path: Path) -> None:
    """Write `to_json`; the file appears whole or not at all."""
    write_whole(path, to_json(comparison).encode())


def from_json(text: str) -> Comparison:
    """The comparison that `to_json` wrote.

    Raises ConfigError for text that is not JSON, of another schema, or whose fields are missing,
    unknown or of the wrong kind.
    """
    try:
        data = strict_json(text, where="the report")
    except CheckpointError as error:
        raise ConfigError(str(error)) from error
    if data.get("schema") != SCHEMA or type(data.get("schema")) is not int:
        raise ConfigError(f"report of schema {data.get('schema')!r}; this version reads {SCHEMA}")
    try:
        made = _comparison(data["comparison"])
        again = json.loads(to_json(made))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"the report does not hold a comparison: {error}") from error
    if again != json.loads(text):
        raise ConfigError("the report holds fields that this version does not know")
    return made


def _plain(value: Any) -> Any:
    """Dataclasses to mappings, tuples to lists, floats as they are."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value


def _comparison(data: Any) -> Comparison:
    return Comparison(
        identity=Identity(**data["identity"]),
        samples=int(data["samples"]),
        margin=_finite(data["margin"]),
        resolution=_finite(data["resolution"]),
        rows=tuple(_row(each) for each in data["rows"]),
        missing=tuple(Missing(**each) for each in data["missing"]),
        levels=tuple(
            LevelPoint(
                each["levels"],
                Interval(**each["accuracy"]),
                _finite(each["spikes"]),
                None if each["expected"] is None else _finite(each["expected"]),
            )
            for each in data["levels"]
        ),
        drift={name: tuple(map(_finite, each)) for name, each in data["drift"].items()},
        coverage=tuple((str(a), str(b), str(c)) for a, b, c in data["coverage"]),
    )


def _row(data: dict[str, Any]) -> Row:
    rest = {k: v for k, v in data.items() if k not in ("accuracy", "to_rate", "to_before")}
    return Row(
        accuracy=Interval(**data["accuracy"]),
        to_rate=_paired(data["to_rate"]),
        to_before=_paired(data["to_before"]),
        **rest,
    )


def _paired(data: dict[str, Any] | None) -> Paired | None:
    if data is None:
        return None
    return Paired(**{**data, "delta": Interval(**data["delta"])})


def _finite(value: Any) -> float:
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(f"{value!r} is not finite")
    return found
