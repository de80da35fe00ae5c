"""A vendor's mapper: what it says is read back, what it refuses is a rule, garbage is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hardware.mapper
import hardware.simulator
from converter import to_nir
from hardware import TARGETS, Simulator, deploy, map_with_vendor
from hardware.mapper import Mapper, run_mapper
from spiking.errors import ConfigError, DoesNotFitError, MissingSoftwareError, WorkerError
from tests.hardware.chips import configured
from tests.hardware.chips import random_network as xylo_network
from tests.hardware.spinnaker.nets import random_network
from tests.spiking.random_nets import random_network as random_net

MAPPERS = [target for target in TARGETS.values() if target.mapper]


def answer_for(network) -> dict:
    """What a mapper would say that lays every group on a core of its own, on two chips."""
    names = list(network.sizes)
    loaded = {}
    for group in network.groups:
        feeds = [each for each in network.synapses if each.target == group.name]
        for part in ("threshold", "bias", "current_decay"):
            loaded[f"{part} {group.name}"] = getattr(group, part)
        shift = max((each.shift for each in feeds), default=0)
        loaded[f"shift {group.name}"] = np.full((len(group), 2), shift)
        for source, size in network.sizes.items():
            weight = np.zeros((len(group), size), np.int64)
            late = weight.copy()
            for each in feeds:
                if each.source == source:
                    weight = weight + each.weight
                    late[each.weight != 0] = each.delay
            loaded |= {f"weight {source} {group.name}": weight}
            loaded |= {f"delay {source} {group.name}": late}
    return {
        "core": {
            "where": np.array([(at % 2, 0, at + 1) for at in range(len(names))]),
            "sdram": np.arange(len(names)) + 1000,
        },
        "of": {name: np.full(size, at) for at, (name, size) in enumerate(network.sizes.items())},
        "key": {name: np.arange(size) for name, size in network.sizes.items()},
        "chip": {"entries": np.array([(0, 0, 7), (1, 0, 9)])},
        "loaded": loaded,
    }


def mapped(monkeypatch, answer, network):
    monkeypatch.setattr(hardware.mapper, "answered", lambda *_, **__: answer)
    return map_with_vendor(configured(network))


def test_what_it_says_becomes_a_placement(monkeypatch) -> None:
    network, _ = random_network(3)
    found = mapped(monkeypatch, answer_for(network), network)
    assert (found.chips, found.placement.count, found.differing) == (2, 3, 0)
    assert found.total > sum(each.weight.size for each in network.synapses)
    used = found.placement.used
    assert used["neurons"].tolist() == [0, *(len(group) for group in network.groups)]
    assert used["SDRAM bytes"].tolist() == [1000, 1001, 1002]
    assert used["routing entries"].tolist() == [7, 9, 7]
    assert found.placement.limits["routing entries"] == 1023
    assert set(found.placement.cores) == {"input", "hidden", "out"}


def test_a_number_that_is_not_ours_is_counted(monkeypatch) -> None:
    network, _ = random_network(3)
    answer = answer_for(network)
    answer["loaded"]["weight hidden hidden"][0, 0] += 1
    answer["loaded"]["shift hidden"][0, 1] += 1
    assert mapped(monkeypatch, answer, network).differing == 2


def without_a_core(answer):
    answer["of"]["hidden"][0] = 99


def without_a_chip(answer):
    answer["chip"]["entries"] = answer["chip"]["entries"][:1]


def without_weights(answer):
    del answer["loaded"]["weight input hidden"]


def in_fractions(answer):
    answer["key"]["out"] = answer["key"]["out"] * 0.5


def of_another_shape(answer):
    answer["core"]["where"] = answer["core"]["where"][:, :2]


@pytest.mark.parametrize(
    "spoil", [without_a_core, without_a_chip, without_weights, in_fractions, of_another_shape]
)
def test_garbage_is_named(monkeypatch, spoil) -> None:
    network, _ = random_network(3)
    answer = answer_for(network)
    spoil(answer)
    with pytest.raises(WorkerError, match="spynnaker wrote garbage"):
        mapped(monkeypatch, answer, network)


def test_no_room_is_a_broken_rule(monkeypatch) -> None:
    network, _ = random_network(3)
    said = np.frombuffer(b"PacmanPlaceException: no more chips", np.uint8)
    with pytest.raises(DoesNotFitError) as caught:
        mapped(monkeypatch, {"refusal": {"said": said}}, network)
    (fault,) = caught.value.violations
    assert (fault.rule, fault.have) == ("the_mapper_finds_room", said.tobytes().decode())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('9 boards')", "refused the network: ValueError: 9 boards"),
        ("import os; os.kill(os.getpid(), 11)", "ended with SIGSEGV"),
        ("import time; time.sleep(60)", "did not end within 2"),
        ("return {'of': {}}", "wrote garbage"),
    ],
)
def test_a_worker_that_fails_is_a_named_error(monkeypatch, tmp_path, body, words) -> None:
    folder = tmp_path / "workers"
    folder.mkdir()
    real = Path(hardware.simulator.__file__).parent / "workers"
    for name in ("__init__.py", "serve.py"):
        (folder / name).write_text((real / name).read_text())
    text = f"def run(about, arrays, arriving, watched):\n    {body}\n"
    (folder / "planted_worker.py").write_text(text)
    monkeypatch.setattr(hardware.simulator, "_WORKERS", folder)
    network, _ = random_network(3)
    planted = Mapper(Simulator("planted", "1", "scripts/vendors planted", module="numpy"), "5")
    cores = TARGETS["spinnaker1"].cores
    seconds = 2.0 if "sleep" in body else 60.0
    with pytest.raises(WorkerError, match=words):
        run_mapper(planted, configured(network), cores, seconds=seconds)


def test_without_the_software_or_a_mapper_it_says_what_to_do(monkeypatch, tmp_path) -> None:
    network, _ = random_network(3)
    monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
    with pytest.raises(MissingSoftwareError, match="scripts/vendors spynnaker"):
        map_with_vendor(configured(network))
    with pytest.raises(ConfigError, match="xylo-audio3 has no mapper"):
        map_with_vendor(configured(xylo_network(0)[0]))


@pytest.mark.parametrize("target", MAPPERS, ids=lambda target: target.name)
def test_the_vendor_would_load_our_numbers_and_nothing_else(target) -> None:
    software = target.mapper.software
    if software.python is None:
        pytest.skip(f"{software.name} is not installed: {software.command}")
    whole = deploy(to_nir(random_net(2, layers=2)), target, dt=1e-4)
    found = map_with_vendor(whole)
    assert found.differing == 0
    assert found.chips >= 1
    used, limits = found.placement.used, found.placement.limits
    assert all(used[name].max() <= limit for name, limit in limits.items())
    assert used["neurons"].sum() == sum(map(len, whole.network.groups))
    assert (used["SDRAM bytes"] > 0).all()
    spoken = np.concatenate(list(found.keys.values()))
    spoken = spoken[spoken >= 0]
    assert len(np.unique(spoken)) == len(spoken)
    assert len(np.unique(found.where, axis=0)) == len(found.where)


def test_a_board_that_is_too_small_is_refused_by_the_vendor() -> None:
    target = TARGETS["spinnaker1"]
    software = target.mapper.software
    if software.python is None:
        pytest.skip(f"{software.name} is not installed: {software.command}")
    network, _ = random_network(2)
    hidden = network.groups[0]
    # a neuron a core: more cores than the four chips of board 3 have
    many = 80
    rows = np.arange(many) % len(hidden)
    words = ("threshold", "bias", "current_decay", "potential_decay")
    crowd = replace(hidden, **{name: getattr(hidden, name)[rows] for name in words})
    feed = network.synapses[0]
    wide = replace(
        network,
        groups=(crowd,),
        exit=replace(network.exit, group="hidden"),
        synapses=(replace(feed, weight=feed.weight[rows]),),
    )
    whole = configured(wide)
    alone = replace(whole, placement=replace(whole.placement, cores={"hidden": np.arange(many)}))
    small = replace(target.mapper, board="3")
    with pytest.raises(DoesNotFitError, match="the_mapper_finds_room: board 3 has"):
        run_mapper(small, alone, target.cores)
    assert run_mapper(target.mapper, alone, target.cores).chips > 4
