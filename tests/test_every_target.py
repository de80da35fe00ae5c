"""One suite over all targets: whole records, refusals, files, and equality with each simulator."""

import numpy as np
import pytest
import torch

from converter import multispike_to_nir, to_multispike, to_nir
from hardware import (
    TARGETS,
    check,
    configure,
    deploy,
    emulate,
    load,
    place,
    quantize,
    save,
    simulate,
)
from hardware.artefacts import packed
from hardware.compound import COMPOUNDS
from hardware.populations import POPULATIONS
from spiking import SubLSTM, SubLSTMClassifier
from tests.hardware.chips import DT, NETS, RANDOM, chain, configured
from tests.hardware.loihi.graded import compound_net
from tests.spiking.random_nets import random_inputs, random_network

BLOCK = 20
SIMULATORS = [(t.name, s.name) for t in TARGETS.values() for s in t.simulators]
each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))


def fitting(target):
    """A small network that the target takes, as a graph, its dt and inputs."""
    if target.family is POPULATIONS:
        net = random_network(3)
        return to_nir(net, dt=1e-4), 1e-4, net.encode(random_inputs(3)).numpy()
    if target.family is COMPOUNDS:
        x = np.random.default_rng(0).integers(0, 17, (4, 12, 3)) / 16
        return compound_net(sizes=(5, 4)), DT, x
    torch.manual_seed(0)
    rate = SubLSTMClassifier(SubLSTM(3, 4, batch_first=True, forget="fixed"), torch.nn.Linear(4, 2))
    net = to_multispike(rate).network
    x = np.random.default_rng(0).integers(0, 16, (4, 12, 3))
    return multispike_to_nir(net, dt=DT), DT, x


@each_target
def test_a_record_is_whole(target) -> None:
    assert all((target.source, target.about, target.latency.source))
    assert not target.cores.limits or target.cores.source
    assert set(target.cores.limits) <= set(target.cores.loads) | set(target.cores.tallies)
    for simulator in target.simulators:
        assert all((simulator.release, simulator.command))
        assert simulator.module or simulator.programs or simulator.apart


@each_target
def test_a_small_network_fits_runs_and_costs_something(target) -> None:
    graph, dt, x = fitting(target)
    assert check(graph, target, dt=dt) == ()
    whole = deploy(graph, target, dt=dt)
    run = emulate(whole.network, x)
    assert run.outputs.shape == (*x.shape[:2], len(run.outputs[0, 0]))
    assert min(run.fired.sum(), run.synops.sum()) > 0
    for meter in (*target.energy, target.seconds):
        found = meter(whole, run)
        assert (found.value is None) == (found.kind == "unavailable")
        assert found.scope
        assert found.source or found.value is None
        assert found.value is None or found.value > 0


@each_target
def test_every_artefact_survives_its_file(target, tmp_path) -> None:
    graph, dt, x = fitting(target)
    network, placement = quantize(graph, target, dt=dt), place(graph, target, dt=dt)
    for artefact in (network, placement, configure(network, placement)):
        save(artefact, tmp_path / "a.npz")
        again, wanted = packed(load(tmp_path / "a.npz")), packed(artefact)
        assert again[0] == wanted[0]
        assert all(np.array_equal(a, wanted[1][name]) for name, a in again[1].items())
    run, again = emulate(network, x), emulate(load(tmp_path / "a.npz").network, x)
    assert np.array_equal(run.outputs, again.outputs)


@each_target
def test_a_graph_of_another_kind_is_refused_by_name(target) -> None:
    other = chain() if target.family is POPULATIONS else to_nir(random_network(1), dt=DT)
    faults = check(other, target, dt=DT)
    assert faults[0].rule == target.family.refusal.rule
    assert all(fault.remedy for fault in faults)


def needed(target: str, name: str):
    """The simulator, or a skip that says how it is installed."""
    simulator = next(s for s in TARGETS[target].simulators if s.name == name)
    if simulator.python is None:
        pytest.skip(f"{name} is not installed: {simulator.command}")
    return simulator


def differences(ours, theirs) -> list[str]:
    """What of two runs is not equal."""
    found = [
        f"{kind} of {name}"
        for kind in ("spikes", "potentials", "currents")
        for name, each in getattr(theirs.trace, kind).items()
        if not np.array_equal(each, getattr(ours.trace, kind)[name])
    ]
    names = ("outputs", "synops", "fired")
    pairs = [(name, getattr(ours, name), getattr(theirs, name)) for name in names]
    return found + [name for name, a, b in pairs if not np.array_equal(a, b)]


@pytest.mark.parametrize(
    ("target", "name", "block"),
    [(t, s, block) for t, s in SIMULATORS for block in range(NETS[s] // BLOCK)],
)
def test_emulator_and_simulator_are_equal_on_random_networks(target, name, block) -> None:
    needed(target, name)
    overflown = silent = 0
    for seed in range(BLOCK * block, BLOCK * (block + 1)):
        network, inputs = RANDOM[target](seed)
        watched = [group.name for group in network.groups]
        ours = emulate(network, inputs, watched=watched)
        theirs = simulate(configured(network), inputs, simulator=name, watched=watched)
        assert differences(ours, theirs) == [], seed
        overflown += ours.trace.overflows > 0
        silent += not next(iter(ours.trace.spikes.values())).any()
    assert overflown >= BLOCK // 5
    assert silent >= BLOCK // 10


@pytest.mark.parametrize(("target", "name"), SIMULATORS)
def test_emulator_and_simulator_are_equal_on_a_deployed_network(target, name) -> None:
    needed(target, name)
    graph, dt, x = fitting(TARGETS[target])
    whole = deploy(graph, TARGETS[target], dt=dt)
    ours, silent = emulate(whole.network, x), emulate(whole.network, 0 * x)
    assert differences(ours, simulate(whole, x, simulator=name)) == []
    assert differences(silent, simulate(whole, 0 * x, simulator=name)) == []
