"""Icarus equals the emulator: every spike, state and output, of any network with any lanes."""

import numpy as np
import pytest

from converter import to_nir
from hardware import deploy, emulate, simulate
from spiking.errors import MissingSoftwareError
from tests.hardware.fpga.networks import (
    TARGET,
    configured,
    needs_icarus,
    random_inputs,
    random_network,
)
from tests.spiking import random_nets


def require_equal(configuration, inputs, simulator: str):
    names = [group.name for group in configuration.network.groups]
    ours = emulate(configuration.network, inputs, watched=names)
    theirs = simulate(configuration, inputs, simulator=simulator, watched=names)
    for name, spikes in ours.spikes.items():
        assert np.array_equal(spikes, theirs.spikes[name]), name
    for name in names:
        assert np.array_equal(ours.trace.potentials[name], theirs.trace.potentials[name]), name
        assert np.array_equal(ours.trace.currents[name], theirs.trace.currents[name]), name
    assert np.array_equal(ours.outputs, theirs.outputs)
    return ours


@needs_icarus
@pytest.mark.parametrize("seed", range(6))
def test_networks_of_any_weights(seed) -> None:
    network = random_network(seed, layers=1 + seed % 2)
    lanes = (1, 2, 3, 4, 8, 5)[seed]
    ours = require_equal(configured(network, lanes), random_inputs(seed, network), "icarus")
    assert 0 < ours.fired.min() < ours.updates


@needs_icarus
def test_states_that_leave_their_word_are_clamped_alike() -> None:
    clamped = []
    for seed in range(4):
        network = random_network(seed, kind="wild")
        configuration = configured(network)
        assert b"CLAMPS = 1" in configuration.files["network.vh"]
        ours = require_equal(configuration, random_inputs(seed, network, steps=40), "icarus")
        clamped.append(ours.trace.overflows > 0)
    assert sum(clamped) >= 2


@needs_icarus
def test_silence() -> None:
    network = random_network(0, kind="silent")
    ours = require_equal(configured(network), random_inputs(0, network), "icarus")
    assert ours.fired.sum() == 0


@needs_icarus
@pytest.mark.parametrize(("layers", "levels"), [(1, 4), (2, 8), (2, 2)])
def test_populations_from_their_files(layers, levels) -> None:
    net = random_nets.random_network(layers, layers=layers, levels=levels)
    inputs = net.encode(random_nets.random_inputs(layers)).numpy()
    configuration = deploy(to_nir(net, dt=1e-4), TARGET, dt=1e-4)
    assert configuration.network.notes == ()
    ours = require_equal(configuration, inputs, "icarus")
    assert ours.fired.min() > 0


def test_a_missing_program_is_named_with_what_installs_it(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    network = random_network(0)
    with pytest.raises(MissingSoftwareError, match="scripts/fpga-tools"):
        simulate(configured(network), random_inputs(0, network), simulator="icarus")
