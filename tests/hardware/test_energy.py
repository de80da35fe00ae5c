"""Joules are counted events times a table, and the figure says what it leaves out."""

from dataclasses import replace

import numpy as np
import pytest

from hardware import EnergyTable, emulate
from hardware.energy import break_even, table_energy, unavailable
from tests.hardware.chips import random_network

TABLE = EnergyTable(
    "a table", "14 nm", "all of it", "somewhere", synop=2e-12, update=3e-12, spike=5e-12
)


def test_energy_is_the_sum_of_its_events() -> None:
    network, x = random_network(1)
    run = emulate(network, x)
    found = table_energy(TABLE, run)
    neurons = sum(map(len, network.groups))
    wanted = run.synops.mean() * 2e-12 + neurons * 20 * 3e-12 + run.fired.mean() * 5e-12
    assert found.value == pytest.approx(wanted, rel=1e-12)
    assert (found.kind, found.unit, found.scope) == ("estimate", "J", "all of it")


def test_multiplications_without_a_price_are_said_to_be_left_out() -> None:
    network, x = random_network(1)
    run = replace(emulate(network, x), macs=np.array([10, 30]))
    assert "without 20 multiplications" in table_energy(TABLE, run).scope
    priced = table_energy(replace(TABLE, mac=7e-12), run)
    assert priced.scope == "all of it"
    assert priced.value == pytest.approx(table_energy(TABLE, run).value + 20 * 7e-12)


def test_what_nobody_published_has_no_value() -> None:
    found = unavailable("energy", "J", "not published")
    assert (found.value, found.kind, found.scope) == (None, "unavailable", "not published")


def test_at_the_break_even_rate_both_cost_the_same() -> None:
    network, _ = random_network(1)
    neurons = sum(map(len, network.groups))
    synapses = sum(np.count_nonzero(each.weight) for each in network.synapses[1:])
    priced = replace(TABLE, rate_mac=4.6e-12)
    rate = break_even(priced, network, macs=5000.0)
    spiking = neurons * (TABLE.update + rate * TABLE.spike) + rate * synapses * TABLE.synop
    assert spiking == pytest.approx(5000.0 * 4.6e-12)
    slower = break_even(priced, replace(network, ticks=2), macs=5000.0)
    assert slower < rate
    assert break_even(priced, network, macs=0.0) < 0
    assert break_even(TABLE, network, macs=5000.0) is None
