"""A report says everything in a table and in JSON that comes back as it was."""

import json

import pytest

from spiking.errors import ConfigError
from subspike.report import from_json, headline, number, table, to_json, write_json
from tests.subspike.made import comparison


def test_json_comes_back_as_it_was(tmp_path) -> None:
    made = comparison()
    write_json(made, tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text()
    assert from_json(text) == made
    assert json.loads(text)["schema"] == 2
    assert to_json(from_json(text)) == text


def forged(change) -> str:
    data = json.loads(to_json(comparison()))
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "list"),
        ('{"schema": 2, "schema": 1}', "twice"),
        ('{"schema": NaN}', "NaN"),
        (forged(lambda d: d.update(schema=1)), "schema 1"),
        (forged(lambda d: d.update(schema=True)), "schema True"),
        (forged(lambda d: d.pop("comparison")), "does not hold"),
        (forged(lambda d: d["comparison"].pop("rows")), "rows"),
        (forged(lambda d: d["comparison"].update(margin="wide")), "wide"),
        (forged(lambda d: d["comparison"].update(extra=1)), "does not know"),
        (forged(lambda d: d["comparison"]["rows"][0].update(extra=1)), "extra"),
        (forged(lambda d: d["comparison"]["identity"].pop("seed")), "seed"),
    ],
)
def test_other_json_is_named(text, message) -> None:
    with pytest.raises(ConfigError, match=message):
        from_json(text)


def test_the_table_has_a_line_for_every_stage_run_or_not() -> None:
    lines = table(comparison()).splitlines()
    for name in ("rate", "spiking", "NIR"):
        assert sum(line.startswith(f"{name} ") for line in lines) == 1
    (gone,) = [line for line in lines if line.startswith("chip")]
    assert "not run: no such software" in gone
    (nir,) = [line for line in lines if line.startswith("NIR")]
    assert "0/5M" in nir
    (spiking,) = [line for line in lines if line.startswith("spiking")]
    assert "-1.5 [" in spiking
    assert "812.5" in spiking
    assert "12.3k" in spiking
    assert max(map(len, lines)) < 130


def test_the_headline_names_the_lowest_stage() -> None:
    words = headline(comparison())
    assert words.startswith("WITHIN: rate 98.0 %")
    assert "96.5 % (spiking, +1.5 points lost)" in words
    assert "1 of 1 re-executions equal" in words


@pytest.mark.parametrize(
    ("value", "wanted"), [(None, "-"), (0.0, "0"), (999.0, "999"), (1500, "1.5k"), (2e6, "2M")]
)
def test_numbers_are_short(value, wanted) -> None:
    assert number(value) == wanted
