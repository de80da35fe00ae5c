"""The numbers of Loihi, and that both chips compute alike but for two registers."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.loihi_golden import ASKED, FILE, SEEDS, network_digest, recorded
from hardware import TARGETS, emulate

ONE, TWO, GRADED = TARGETS["loihi1"], TARGETS["loihi2"], TARGETS["loihi2-graded"]


def test_limits() -> None:
    assert ONE.cores.count == TWO.cores.count == 128
    limits = ONE.cores.limits
    assert (limits["neurons"], limits["in-axons"], limits["out-axons"]) == (1024, 4096, 4096)
    assert limits["synapse bits"] == 2**20
    assert (limits["compartment formats"], limits["threshold formats"]) == (32, 16)
    assert TWO.cores.limits["neurons"] == 8192


def test_formats_differ_in_the_registers_of_loihi_1() -> None:
    assert (ONE.format.arrival.bits, ONE.format.drive.bits) == (22, 24)
    assert replace(ONE.format, arrival=None, drive=None) == TWO.format


def test_neuron_programs_run_on_the_same_chip() -> None:
    assert (GRADED.format, GRADED.cores, GRADED.simulators) == (
        TWO.format,
        TWO.cores,
        TWO.simulators,
    )


def test_every_synapse_takes_a_tick() -> None:
    latencies = [each.latency for each in (ONE, TWO, GRADED)]
    assert {(each.enter, each.loop, each.leave) for each in latencies} == {(1, 1, 1)}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ASKED)
def test_the_emulator_equals_what_the_simulators_did(name, seed) -> None:
    """Recorded by `python -m benchmarks.loihi_golden`: all spikes, and a digest of all states."""
    network, inputs = ASKED[name](seed)
    with np.load(FILE) as golden:
        kept = {kind: golden[f"{name}.{seed}.{kind}"] for kind in ("network", "spikes", "states")}
    same = np.array_equal(network_digest(network, inputs), kept["network"])
    assert same, "numpy draws other networks than when this was recorded: record it anew"
    watched = [group.name for group in network.groups]
    ours = recorded(emulate(network, inputs, watched=watched), watched)
    assert np.array_equal(ours["spikes"], kept["spikes"])
    assert np.array_equal(ours["states"], kept["states"])
