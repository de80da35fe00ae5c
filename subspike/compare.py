"""Rate against spiking, stage by stage: which stage lost how much, and is that beyond doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import ConfigError, EmptyDataError, NotFiniteError, ShapeError

from .identity import Identity
from .statistics import Interval, Paired, paired, resolution, verdict, wilson


@dataclass(frozen=True)
class Column:
    """One stage on the test set, as it was measured.

    name       what the report calls it
    logits     (samples, classes); the first of equal largest ones is the decision
    spikes     per inference, None where nothing spikes
    synops     synaptic operations per inference, from spike counts and fan-out
    counted    the same, counted event by event; must equal `synops`
    differing  spikes that differ from the stage `against`, None where not compared
    total      spike bins compared
    against    name of that stage
    made_from  the stage whose network this one is made from, "" for the one before
    note       one line: what this stage adds
    """

    name: str
    logits: NDArray[Any]
    spikes: float | None = None
    synops: float | None = None
    counted: float | None = None
    differing: int | None = None
    total: int | None = None
    against: str = ""
    made_from: str = ""
    note: str = ""


@dataclass(frozen=True)
class Missing:
    """A stage that was not run, and why; "not run" is never "ok"."""

    name: str
    reason: str


@dataclass(frozen=True)
class Row:
    """One stage against the rate model and against the stage before it.

    accuracy   with Wilson's 95 % interval
    to_rate    paired with the first stage, None for itself
    to_before  paired with the stage it is made from, None for the first
    agreement  share of samples decided as the first stage decides
    verdict    of to_rate against the margin (`statistics.verdict`), "" for the first
    """

    name: str
    accuracy: Interval
    to_rate: Paired | None
    to_before: Paired | None
    agreement: float
    verdict: str
    spikes: float | None
    synops: float | None
    differing: int | None
    total: int | None
    against: str
    note: str


@dataclass(frozen=True)
class LevelPoint:
    """Accuracy of the data-free conversion at K levels.

    expected  accuracy that `converter.predict_levels` foretold; None where it was not asked
    """

    levels: int
    accuracy: Interval
    spikes: float
    expected: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Everything a report says; the JSON file holds exactly this.

    margin      points of accuracy that may be lost, as a share
    resolution  smallest difference that this test set can show, as a share
    drift       {"l0.h": RMSE against the rate model at each step, ...}
    coverage    (node, fidelity, reason) of every node of the rate model
    """

    identity: Identity
    samples: int
    margin: float
    resolution: float
    rows: tuple[Row, ...]
    missing: tuple[Missing, ...] = ()
    levels: tuple[LevelPoint, ...] = ()
    drift: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    coverage: tuple[tuple[str, str, str], ...] = ()

    @property
    def verdict(self) -> str:
        """The worst verdict of any row, in the order PASS, WITHIN, DEGRADED, FAIL."""
        order = ("PASS", "WITHIN", "DEGRADED", "FAIL")
        return max((row.verdict for row in self.rows if row.verdict), key=order.index)

    @property
    def differing(self) -> int:
        """Differing spikes over all re-executions."""
        return sum(row.differing or 0 for row in self.rows)


def compare(
    labels: NDArray[Any],
    columns: Sequence[Column | Missing],
    *,
    identity: Identity,
    margin: float = 0.01,
    levels: Sequence[LevelPoint] = (),
    drift: Mapping[str, Sequence[float]] | None = None,
    coverage: Sequence[tuple[str, str, str]] = (),
) -> Comparison:
    """Set every stage against the first one (the rate model) and the one it is made from.

    labels   (samples,) integers
    columns  at least two measured stages, the rate model first
    margin   share of accuracy that may be lost

    Raises EmptyDataError, ShapeError, NotFiniteError naming the stage, ConfigError for stages
    that share a name, are made from a later or unknown one, or whose two counts of synaptic
    operations differ.
    """
    measured = [column for column in columns if isinstance(column, Column)]
    _require_sound(labels, measured)
    names = [column.name for column in measured]
    decisions = [column.logits.argmax(1) for column in measured]
    correct = [decision == labels for decision in decisions]
    rows = []
    for index, column in enumerate(measured):
        to_rate = paired(correct[0], correct[index]) if index else None
        before = names.index(column.made_from) if column.made_from else index - 1
        rows.append(
            Row(
                name=column.name,
                accuracy=wilson(int(correct[index].sum()), len(labels)),
                to_rate=to_rate,
                to_before=paired(correct[before], correct[index]) if index else None,
                agreement=float((decisions[0] == decisions[index]).mean()),
                verdict=verdict(to_rate.delta, margin) if to_rate else "",
                spikes=column.spikes,
                synops=column.synops,
                differing=column.differing,
                total=column.total,
                against=column.against,
                note=column.note,
            )
        )
    discordant = max(row.to_rate.lost + row.to_rate.won for row in rows if row.to_rate)
    return Comparison(
        identity=identity,
        samples=len(labels),
        margin=margin,
        resolution=resolution(len(labels), discordant),
        rows=tuple(rows),
        missing=tuple(column for column in columns if isinstance(column, Missing)),
        levels=tuple(levels),
        drift={name: tuple(float(v) for v in each) for name, each in (drift or {}).items()},
        coverage=tuple(coverage),
    )


def _require_sound(labels: NDArray[Any], columns: Sequence[Column]) -> None:
    if len(labels) == 0:
        raise EmptyDataError("the test set holds no samples; there is nothing to compare")
    if len(columns) < 2:
        raise ConfigError("a comparison needs the rate model and at least one other stage")
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise ConfigError(f"two stages share a name: {names}")
    for index, column in enumerate(columns):
        if column.made_from and column.made_from not in names[:index]:
            raise ConfigError(f"{column.name}: made from {column.made_from!r}, no earlier stage")
        if column.logits.ndim != 2 or len(column.logits) != len(labels):
            raise ShapeError(
                f"{column.name}: logits of shape {column.logits.shape} for {len(labels)} labels"
            )
        if not np.isfinite(column.logits).all():
            raise NotFiniteError(f"{column.name}: the logits hold NaN or infinity")
        if column.counted is not None and column.counted != column.synops:
            raise ConfigError(
                f"{column.name}: {column.synops} synaptic operations by fan-out, "
                f"{column.counted} counted event by event; one of the two is wrong"
            )
