"""Joules: a table by hand, and a figure that says why it is not there."""

import numpy as np
import pytest

from hardware import TARGETS, emulate
from hardware.loihi import energy
from tests.hardware.chips import configured
from tests.hardware.loihi.nets import random_network


def test_the_table_counts_events() -> None:
    network, inputs = random_network(4)
    run = emulate(network, inputs)
    found = energy.table_joules(configured(network), run)
    wanted = 23.6e-12 * run.synops.mean() + 81e-12 * run.updates + 1.7e-12 * run.fired.mean()
    assert found.value == pytest.approx(wanted, rel=1e-12)
    assert (found.kind, found.node) == ("estimate", "Intel 14 nm")
    neurons, ticks = sum(map(len, network.groups)), run.arriving.shape[1]
    assert run.updates == neurons * ticks


def test_without_sana_fe_a_figure_is_unavailable_and_says_why(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
    network, inputs = random_network(4)
    run = emulate(network, inputs)
    for meter in (energy.sanafe_joules, energy.sanafe_seconds):
        found = meter(configured(network), run)
        assert (found.value, found.kind) == (None, "unavailable")
        assert "scripts/vendors sanafe" in found.scope


def test_nothing_is_published_of_loihi_2() -> None:
    network, inputs = random_network(4, target="loihi2")
    run = emulate(network, inputs)
    two = TARGETS["loihi2"]
    found = [meter(configured(network), run) for meter in (*two.energy, two.seconds)]
    assert [each.value for each in found] == [None, None]
    assert np.array([each.unit for each in found]).tolist() == ["J", "s"]
