"""The matrix says what was found, in words, Markdown and JSON."""

import json

from converter.conform import Agreement, Conformance, Result, about, markdown, text
from converter.consumers import CONSUMERS
from converter.support import LOSSY, REFUSED, SUPPORTED, Support

EQUAL = Agreement(0, 12_345, (100, 100), None)
OFF = Agreement(500, 10_000, (100, 50), 3)


def result(name: str, verdict: str, state: str, found: Agreement | None, **more) -> Result:
    reasons = () if state == SUPPORTED else (f"{name} has a habit",)
    words = {"case": "one", "reason": "", "foretold": None} | more
    return Result(
        CONSUMERS[name],
        predicted=Support(name, state, reasons, None),
        verdict=verdict,
        found=found,
        **words,
    )


def conformance() -> Conformance:
    results = (
        result("norse", "equal", SUPPORTED, EQUAL, foretold=EQUAL),
        result("norse", "equal", SUPPORTED, EQUAL, case="two", foretold=EQUAL),
        result("lava", "differs", LOSSY, OFF, foretold=EQUAL),
        result("lava", "refused", REFUSED, None, case="two", reason="ValueError: no"),
        result("spyx", "equal", REFUSED, EQUAL),
        result("nengo", "not run", LOSSY, None, reason="not installed: scripts/consumers nengo"),
    )
    pairs = {("lava", "norse"): (OFF,), ("norse", "spyx"): (EQUAL, EQUAL)}
    return Conformance(results, pairs)


def test_the_text_holds_every_number_and_every_surprise() -> None:
    lines = text(about(conformance())).splitlines()
    (norse,) = [line.split() for line in lines if line.startswith("norse 1.1.0")]
    assert norse[2:] == ["portable", "supported", "equal", "0/24.7k", "x1.000", "-", "0/24.7k"]
    (lava,) = [line for line in lines if line.startswith("lava 0.10.0, mapped by us")]
    assert "1 lossy, 1 refused" in lava
    assert "1 differs, 1 refused" in lava
    assert "500/10k (5.00%)" in lava
    assert "x0.500" in lava
    (nengo,) = [line for line in lines if line.startswith("nengo 4.1.0")]
    assert "not run" in nengo
    assert "equal" not in nengo
    assert "nengo: not installed: scripts/consumers nengo" in lines
    assert "lava: ValueError: no" in lines
    assert "NOT FORESEEN: spyx, one: refused was predicted, equal was found" in lines
    pairs = [line.split() for line in lines if line.startswith(("norse ", "lava "))][2:]
    assert pairs == [["norse", "-", "5.00", "0"], ["lava", "5.00", "-"]]


def test_the_data_are_json_and_give_the_same_tables() -> None:
    data = about(conformance())
    again = json.loads(json.dumps(data))
    assert text(again) == text(data)
    assert data["conforms"] is False
    assert len(data["results"]) == 6
    assert data["results"][3]["reason"] == "ValueError: no"
    shown = markdown(again)
    assert (
        "| norse 1.1.0 | portable | supported | equal | 0/24.7k | x1.000 | - | 0/24.7k |" in shown
    )
    assert "- lava: lava has a habit" in shown
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows[:6]}) == 1
