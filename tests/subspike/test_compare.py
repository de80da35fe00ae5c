"""A comparison counts pairs, names what is wrong, and never calls a stage that did not run fine."""

import numpy as np
import pytest

from spiking.errors import ConfigError, EmptyDataError, NotFiniteError, ShapeError
from subspike import Column, Missing, compare
from tests.subspike.made import IDENTITY, LABELS, comparison, logits


def test_rows_are_counted_against_the_rate_model_and_the_stage_before() -> None:
    made = comparison(lost=3)
    rate, spiking, nir = made.rows
    assert (rate.to_rate, rate.to_before, rate.verdict) == (None, None, "")
    assert rate.accuracy.value == 196 / 200
    assert (spiking.to_rate.lost, spiking.to_rate.won) == (3, 0)
    assert spiking.to_rate.delta.value == pytest.approx(-3 / 200)
    assert spiking.agreement == 197 / 200
    assert nir.to_before.delta.value == 0
    assert nir.to_rate.p_value == 0.25
    assert [gone.name for gone in made.missing] == ["chip"]
    assert made.differing == 0


@pytest.mark.parametrize(
    ("lost", "margin", "wanted"),
    [(0, 0.1, "PASS"), (0, 0.001, "WITHIN"), (3, 0.01, "DEGRADED"), (30, 0.02, "FAIL")],
)
def test_the_verdict_is_that_of_the_worst_row(lost, margin, wanted) -> None:
    assert comparison(lost=lost, margin=margin).verdict == wanted


def test_a_step_is_counted_from_the_stage_it_is_made_from() -> None:
    columns = [
        Column("rate", logits(4)),
        Column("spiking", logits(9)),
        Column("chip", logits(6), made_from="rate"),
    ]
    made = compare(LABELS, columns, identity=IDENTITY)
    assert made.rows[1].to_before.lost == 5
    assert (made.rows[2].to_before.lost, made.rows[2].to_before.won) == (2, 0)


def test_the_first_of_equal_logits_decides() -> None:
    flat = np.zeros((200, 4))
    made = compare(LABELS, [Column("a", flat), Column("b", logits(0))], identity=IDENTITY)
    assert made.rows[0].accuracy.value == 0.25


def nan() -> np.ndarray:
    values = logits(0)
    values[7, 1] = np.nan
    return values


@pytest.mark.parametrize(
    ("labels", "columns", "error", "message"),
    [
        (LABELS[:0], [], EmptyDataError, "no samples"),
        (LABELS, [Column("a", logits(0)), Missing("b", "gone")], ConfigError, "at least one other"),
        (LABELS, [Column("a", logits(0))] * 2, ConfigError, "share a name"),
        (LABELS, [Column("a", logits(0)), Column("b", logits(0)[:9])], ShapeError, "b: logits"),
        (LABELS, [Column("a", logits(0)), Column("b", nan())], NotFiniteError, "b: the logits"),
        (
            LABELS,
            [Column("a", logits(0)), Column("b", logits(0), made_from="c")],
            ConfigError,
            "made from 'c'",
        ),
        (
            LABELS,
            [Column("a", logits(0)), Column("b", logits(0), synops=10.0, counted=11.0)],
            ConfigError,
            "11.0 counted event by event",
        ),
    ],
)
def test_unsound_columns_are_named(labels, columns, error, message) -> None:
    with pytest.raises(error, match=message):
        compare(labels, columns, identity=IDENTITY)
