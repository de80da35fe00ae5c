"""Planted consumers that agree, differ, hide, refuse or are absent: each has its verdict."""

from dataclasses import replace

import numpy as np
import pytest

from converter.conform import Case, Conformance, Reading, conform
from converter.consumers import Consumer
from converter.support import LOSSY, REFUSED, SUPPORTED, Support
from tests.converter.consumers.planted import GOOD, planted

WORKERS = {
    "honest": GOOD,
    "late": GOOD.replace("x > 0.5", "np.roll(x, 1, 1) > 0.5"),
    "hides": GOOD.replace('"n":', '"m":'),
    "raises": GOOD.replace("return", "raise OSError('no'); return"),
}


@pytest.fixture
def case(tmp_path) -> Case:
    """Inputs that fire where they are above a half."""
    file = tmp_path / "any.onnx"
    file.write_bytes(b"")
    x = np.random.default_rng(0).random((2, 5, 3))
    readings = {
        name: Reading(file, Support(name, SUPPORTED, (), 0.0), {"n": x > 0.5})
        for name in (*WORKERS, "absent")
    }
    return Case("one", x, {"n": x > 0.5}, None, readings, lambda _, answer: answer.spikes)


def ran(case: Case, tmp_path, *names: str, **predicted: str) -> Conformance:
    for name, state in predicted.items():
        old = case.readings[name]
        case.readings[name] = replace(old, predicted=Support(name, state, ("so",), None))
    consumers = [planted(tmp_path, WORKERS[name], name) for name in names if name in WORKERS]
    if "absent" in names:
        consumers.append(Consumer("absent", "no_such", "0", "portable", "", "pip install it"))
    return conform([case], consumers, dt=1e-4, seconds=30.0, progress=False)


def test_each_has_its_verdict(case, tmp_path) -> None:
    found = ran(case, tmp_path, *WORKERS, "absent")
    verdicts = {each.consumer.name: each.verdict for each in found.results}
    assert verdicts == {
        "honest": "equal",
        "late": "differs",
        "hides": "partial",
        "raises": "refused",
        "absent": "not run",
    }
    foreseen = {each.consumer.name for each in found.results if each.foreseen}
    assert foreseen == {"honest", "absent"}
    assert not found.conforms
    late = next(each for each in found.results if each.consumer.name == "late")
    wrong = int((np.roll(case.x, 1, 1) > 0.5)[case.x <= 0.5].sum())
    assert late.found is not None
    assert late.found.differing >= wrong > 0
    assert set(found.pairs) == {("honest", "late"), ("hides", "honest"), ("hides", "late")}
    assert found.pairs["honest", "late"][0].differing == late.found.differing


def test_predictions_that_come_true_conform(case, tmp_path) -> None:
    told = np.roll(case.x, 1, 1) > 0.5
    case.readings["late"] = replace(case.readings["late"], foretold={"n": told})
    words = {"late": LOSSY, "raises": REFUSED, "hides": REFUSED}
    found = ran(case, tmp_path, *WORKERS, **words)
    assert all(each.foreseen for each in found.results)
    assert found.conforms


def test_another_drift_than_foretold_does_not_conform(case, tmp_path) -> None:
    found = ran(case, tmp_path, "honest", "late", late=LOSSY)
    (late,) = [each for each in found.results if each.consumer.name == "late"]
    assert (late.verdict, late.foreseen) == ("differs", False)
    assert not found.conforms


def test_a_refusal_that_runs_does_not_conform(case, tmp_path) -> None:
    assert not ran(case, tmp_path, "honest", honest=REFUSED).conforms


def test_nobody_there_is_never_fine(case, tmp_path) -> None:
    found = ran(case, tmp_path, "absent")
    assert found.results[0].foreseen
    assert not found.conforms


def test_what_cannot_be_written_for_a_consumer_is_refused(case, tmp_path) -> None:
    why = Support("honest", REFUSED, ("a one-sided population",), None)
    case.readings["honest"] = Reading(None, why, None)
    (result,) = ran(case, tmp_path, "honest").results
    assert (result.verdict, result.reason) == ("refused", "a one-sided population")
    assert result.foreseen
