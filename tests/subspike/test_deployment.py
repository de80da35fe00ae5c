"""A row per target whatever becomes of the others: fits, loses, agrees, costs, or says why not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import subspike.deployment
import subspike.order
from hardware import TARGETS, Violation
from spiking.errors import DoesNotFitError, MissingSoftwareError, WorkerError
from subspike.deployment import deployed
from subspike.deployment_table import table
from tests.subspike.orders import ordered, small

XYLO = [name for name in TARGETS if name.startswith("xylo")]


@pytest.fixture(autouse=True)
def untuned(monkeypatch):
    """Tuning is tested where it lives; here it gives back what it got."""
    monkeypatch.setattr(subspike.order, "tune_multispike", lambda net, **_: net)


def test_a_row_says_all_that_the_target_does() -> None:
    (row,) = deployed(ordered(samples=30, compared=4), ["digital"])
    assert row.fits
    assert (row.samples, row.compared, row.cores, row.ticks) == (30, 4, 1, 8)
    net, task = small()
    with torch.no_grad():
        right = (net(task.test_x[:30]).argmax(1) == task.test_y[:30]).double().mean()
    assert row.accuracy.value == pytest.approx(float(right), abs=1 / 30)
    assert row.lost == pytest.approx(100 * (float(right) - row.accuracy.value))
    assert row.used["neurons"] == (5 * 4 * 5 + 8, None)
    assert row.energy[0].kind == "estimate"
    assert 0 < row.rate < 1
    assert row.break_even is not None


def test_a_chip_of_another_kind_gets_the_same_weights_pruned_to_what_it_holds() -> None:
    pytest.importorskip("xylosim", reason="pip install 'subspike[xylo]'")
    (row,) = deployed(ordered(hidden=24, compared=2), ["xylo-audio2"])
    assert row.fits
    assert "64 recurrent synapses" in row.notes[0]
    assert "tuned" in row.notes[0]
    assert [(m.simulator, m.differing) for m in row.matches] == [("xylosim", 0)]
    assert row.matches[0].total == 2 * 18 * (4 * 24 + 2 * 8)


def test_what_does_not_fit_lists_its_rules_and_the_others_go_on() -> None:
    rows = deployed(ordered(hidden=45, classes=10, samples=2, compared=1), ["digital", *XYLO])
    assert rows[0].fits
    rules = {row.target: {fault.rule for fault in row.violations} for row in rows[1:]}
    assert rules["xylo-audio2"] == {"outputs_fit"}
    assert rules["xylo-audio3"] == {"first_hidden_neurons_take_input"}
    assert all(row.accuracy is None for row in rows[1:])


def test_simulators_that_are_missing_die_or_differ_are_told(monkeypatch) -> None:
    real = subspike.deployment.emulate

    def simulate(whole, inputs, **_):
        if whole.network.target == "xylo-audio2":
            raise MissingSoftwareError("xylosim is not installed", "pip install it")
        if whole.network.target == "xylo-audio3":
            raise WorkerError("its process ended with -11")
        run = real(whole.network, inputs)
        return replace(
            run, outputs=run.outputs + (np.arange(run.outputs.size) == 0).reshape(run.outputs.shape)
        )

    monkeypatch.setattr(subspike.deployment, "simulate", simulate)
    rows = deployed(ordered(samples=2, compared=1), XYLO)
    found = {row.target: row.matches[0] for row in rows}
    assert "pip install it" in found["xylo-audio2"].reason
    assert "-11" in found["xylo-audio3"].reason
    assert found["xylo-imu"].differing == 1
    assert all(row.fits for row in rows)


def test_a_mapper_that_is_missing_leaves_our_placement_and_says_so(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
    (row,) = deployed(ordered(samples=2, compared=1), ["spinnaker1"])
    assert row.fits
    assert [match.differing for match in row.matches] == [None]
    assert row.board.chips is None
    assert "scripts/vendors spynnaker" in row.board.reason
    assert row.cores >= 3
    assert row.used["binaries"] == (1, 1)


def test_a_mapper_that_finds_no_room_is_a_broken_rule_and_the_others_go_on(monkeypatch) -> None:
    fault = Violation("the_mapper_finds_room", "board 5", "no room", "spynnaker", "use fewer")

    def refuse(_whole, **_):
        raise DoesNotFitError("spinnaker1: no room", (fault,))

    monkeypatch.setattr(subspike.deployment, "map_with_vendor", refuse)
    one, two = deployed(ordered(samples=2, compared=1), ["spinnaker1", "digital"])
    assert one.violations == (fault,)
    assert not one.fits
    assert two.fits


def test_a_mapper_says_where_the_network_lies() -> None:
    software = TARGETS["spinnaker2"].mapper.software
    if software.python is None:
        pytest.skip(f"{software.name} is not installed: {software.command}")
    (row,) = deployed(ordered(samples=2, compared=1), ["spinnaker2"])
    assert (row.board.chips, row.board.differing) == (1, 0)
    assert row.board.entries == row.used["routing entries"][0]
    # with the core that sends the inputs
    assert row.cores >= 4


def test_what_the_vendors_mapper_takes_is_told_and_what_it_refuses_fails(monkeypatch) -> None:
    def mapper(answer):
        def of(_whole):
            if isinstance(answer, dict):
                return answer
            raise answer

        pico = replace(TARGETS["akida-pico"], footprint=of, simulators=())
        monkeypatch.setitem(TARGETS, "akida-pico", pico)
        (row,) = deployed(ordered(samples=2, compared=1), ["akida-pico"])
        return row

    assert (
        mapper({"program bytes": 768, "TNP_R": 1}).notes[-1].endswith("768 program bytes, 1 TNP_R")
    )
    missing = mapper(MissingSoftwareError("akida is not installed", "scripts/vendors akida"))
    assert missing.fits
    assert "scripts/vendors akida" in missing.notes[-1]
    refused = mapper(WorkerError("akida refused the network: FSRAM"))
    assert (refused.fits, refused.failure) == (
        False,
        "WorkerError: akida refused the network: FSRAM",
    )


def test_a_target_that_cannot_be_written_for_is_a_row_that_says_so() -> None:
    net, task = small()
    alone = replace(ordered(), net=net, task=replace(task, test_x=task.test_x - 1.0))
    rows = deployed(alone, ["xylo-imu", "digital"])
    assert "negative parts" in rows[0].failure
    assert not rows[0].fits
    assert rows[1].fits


def test_chips_with_programs_get_the_same_weights_in_compound_code() -> None:
    (row,) = deployed(ordered(samples=30, compared=1), ["loihi2-graded"])
    assert row.fits, row
    assert "Compound(levels=16" in row.notes[0]
    assert 0 < row.spikes < 30 * 5 * 10
    assert row.payload == pytest.approx(7 * row.spikes)
    assert "carry" in table([row])
