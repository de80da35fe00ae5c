"""Rows as words, data and an exit code."""

import json
from dataclasses import asdict, replace

import pytest

from subspike.answer import DONE, NO
from subspike.deployment import Match
from subspike.deployment_table import answered, data, markdown, rows_of, scaled, table
from tests.subspike.made import BROKEN, FAILED, GOOD


def test_the_table_says_every_part() -> None:
    text = table([GOOD, BROKEN, FAILED])
    for words in (
        "98.0% of 500",
        "+0.20",
        "verilator 0",
        "250 nJ (estimate)",
        "unavailable",
        "outputs_fit: output has 20, limit 16; use fewer",
        "1 rules",
        "ConfigError: what it was",
        "neurons 10 of 16, synapses 99",
        "0 of 100 spikes and readings differ on 8 samples",
        "a table, 45 nm, all, somewhere",
        "costs more below 0.25",
    ):
        assert words in text, words
    assert "(never)" in table([replace(GOOD, break_even=-0.1)])
    gone = replace(GOOD, matches=(Match("lava", None, 0, "not installed"),))
    assert "lava: not run: not installed" in table([gone])


def test_rows_come_back_from_their_data() -> None:
    rows = [GOOD, BROKEN, FAILED]
    told = rows_of(json.loads(json.dumps(data(rows))))
    assert [asdict(row) for row in told] == [asdict(row) for row in rows]
    assert table(told) == table(rows)


def test_a_document_has_a_line_a_target_and_what_does_not_fit_below() -> None:
    lines = markdown([GOOD, BROKEN, FAILED]).splitlines()
    assert "98.0% of 500 | +0.20 | verilator 0" in lines[2]
    assert lines[-2:] == [
        "- `xylo-imu`: outputs_fit: output has 20, limit 16; use fewer",
        "- `loihi`: ConfigError: what it was",
    ]
    assert len(markdown([GOOD]).splitlines()) == 3


def test_the_data_is_json_and_holds_the_same() -> None:
    found = json.loads(json.dumps(data([GOOD, BROKEN])))["targets"]
    assert [each["fits"] for each in found] == [True, False]
    assert found[0]["energy"][0]["kind"] == "estimate"
    assert found[1]["violations"][0]["limit"] == "16"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([GOOD], DONE),
        ([GOOD, BROKEN], DONE),
        ([BROKEN], NO),
        ([GOOD, FAILED], NO),
        ([replace(GOOD, lost=0.6)], NO),
        ([GOOD, replace(GOOD, matches=(Match("lava", 3, 9),))], NO),
        ([replace(GOOD, matches=(Match("lava", None, 0, "missing"),))], DONE),
    ],
)
def test_the_exit_code_is_no_where_something_is_lost_or_differs(rows, code) -> None:
    assert answered(rows) == code


def test_numbers_have_prefixes() -> None:
    assert [scaled(v) for v in (2.5, 2.5e-3, 2.5e-6, 2.5e-9, 2.5e-12)] == [
        "2.5 ",
        "2.5 m",
        "2.5 u",
        "2.5 n",
        "2.5 p",
    ]
