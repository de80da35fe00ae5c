"""The vendor's machine code under an emulated ARM: equal, sensitive to a unit, and picky."""

from dataclasses import replace

import numpy as np
import pytest

import hardware.flow
from hardware import TARGETS, Word, emulate, simulate
from spiking.errors import WorkerError
from tests.hardware.chips import configured
from tests.hardware.spinnaker.nets import random_network

ARM = TARGETS["spinnaker1"].simulators[0]
pytestmark = pytest.mark.skipif(
    ARM.python is None, reason=f"spinnaker_arm is not installed: {ARM.command}"
)


def many(network, times: int):
    """The network with its hidden group so many times over, without a loop."""
    hidden, out = network.groups
    rows = np.tile(np.arange(len(hidden)), times)
    names = ("threshold", "bias", "current_decay", "potential_decay")
    wide = replace(hidden, **{name: getattr(hidden, name)[rows] for name in names})
    feed, _, last = network.synapses
    return replace(
        network,
        groups=(wide, out),
        synapses=(
            replace(feed, weight=feed.weight[rows]),
            replace(last, weight=np.tile(last.weight, (1, times))),
        ),
    )


def test_a_group_may_take_more_cores_than_one() -> None:
    network, x = random_network(7)
    wide = many(network, 400 // len(network.groups[0]) + 1)
    assert len(wide.groups[0]) > 256
    ours, theirs = emulate(wide, x), simulate(configured(wide), x)
    assert ours.fired.sum() > 0
    for name, raster in theirs.trace.spikes.items():
        assert np.array_equal(raster, ours.trace.spikes[name])


@pytest.mark.parametrize(
    "change",
    [
        {"gain": "one"},
        {"apart": False},
        {"fires": "above"},
        {"arrival": Word(18, "clip")},
        {"decay": "toward_zero"},
    ],
)
def test_any_other_way_to_count_is_seen(monkeypatch, change) -> None:
    target = TARGETS["spinnaker1"]
    other = replace(target, format=replace(target.format, **change))
    differ = 0
    for seed in (0, 2, 3, 4):
        network, x = random_network(seed)
        # so that a threshold is met exactly, too
        hidden = network.groups[0]
        at = replace(hidden, bias=np.where(hidden.bias > 0, hidden.threshold, hidden.bias))
        network = replace(network, groups=(at, network.groups[1]))
        watched = ["hidden", "out"]
        theirs = simulate(configured(network), x, watched=watched)
        monkeypatch.setattr(hardware.flow, "target_named", lambda _: other)
        ours = emulate(network, x, watched=watched)
        monkeypatch.undo()
        same = emulate(network, x, watched=watched)
        for name in watched:
            assert np.array_equal(same.trace.currents[name], theirs.trace.currents[name])
            assert np.array_equal(same.trace.potentials[name], theirs.trace.potentials[name])
            differ += not np.array_equal(ours.trace.potentials[name], theirs.trace.potentials[name])
    assert differ


def test_what_the_words_do_not_hold_is_refused() -> None:
    network, x = random_network(2)
    first = network.synapses[0]
    silent = replace(network.groups[0], spikes=0)
    for change, words in (
        ({"synapses": (replace(first, delay=40), *network.synapses[1:])}, "delays of 1 to 31"),
        ({"synapses": (replace(first, weight=first.weight * 99), *network.synapses[1:])}, "16 bit"),
        ({"groups": (silent, network.groups[1])}, "never fires has the largest threshold"),
    ):
        with pytest.raises(WorkerError, match=words):
            simulate(configured(replace(network, **change)), x)
