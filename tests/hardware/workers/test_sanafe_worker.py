"""SANA-FE replays measured spikes: every unit's joules are the events that we count."""

import pytest

from hardware import configure, emulate
from hardware.loihi import energy
from hardware.placement import Cores, neurons, placed
from tests.hardware.chips import configured
from tests.hardware.loihi.nets import random_network

pytestmark = pytest.mark.skipif(
    energy.SANAFE.python is None, reason=f"SANA-FE is not installed: {energy.SANAFE.command}"
)
SYNAPSE, NEURON, SPIKE = 35.5e-12, 51.2e-12 + 21.6e-12, 69.3e-12


@pytest.mark.parametrize("seed", [2, 3, 9])
def test_joules_are_counted_events_times_its_numbers(seed) -> None:
    network, inputs = random_network(seed)
    run, whole = emulate(network, inputs), configured(network)
    told = energy._figures(whole, run)
    assert isinstance(told, dict), told
    assert told["synapse_energy"].sum(1) == pytest.approx(SYNAPSE * run.synops, rel=1e-9)
    soma = NEURON * run.updates + SPIKE * run.fired
    assert told["soma_energy"].sum(1) == pytest.approx(soma, rel=1e-9)
    found = energy.sanafe_joules(whole, run)
    total = sum(told[f"{unit}_energy"].sum(1).mean() for unit in ("synapse", "soma", "network"))
    assert found.value == pytest.approx(total, rel=1e-12)
    assert (found.kind, found.table) == ("estimate", "SANA-FE")


def test_spikes_that_travel_farther_cost_more() -> None:
    network, inputs = random_network(9)
    run = emulate(network, inputs)
    one, many = (
        configure(network, placed(network, Cores(None, {"neurons": n}, {"neurons": neurons})))
        for n in (1024, 4)
    )
    near, far = (energy._figures(each, run) for each in (one, many))
    assert near["synapse_energy"] == pytest.approx(far["synapse_energy"], rel=1e-9)
    assert far["network_energy"].sum() > near["network_energy"].sum()
    seconds = energy.sanafe_seconds(many, run)
    assert seconds.value == pytest.approx(far["sim_time"].sum(1).mean(), rel=1e-12)
