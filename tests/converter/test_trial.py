"""A trial drives a graph until its neurons fire, and counts what another reading changes."""

import copy

import nir
import numpy as np
import pytest

from converter import PROFILES, Semantics, to_nir
from converter.trial import tried
from spiking.errors import GraphError
from tests.converter.nir_graphs import DT, GRAPHS, INPUTS, UNITS, chain, every, lif, weights
from tests.converter.small_models import random_net


def test_its_inputs_are_spikes_and_values_on_a_grid() -> None:
    trial = tried(GRAPHS["LIF rt"](), dt=DT, batch=6, steps=30)
    assert trial.x.shape == (6, 30, INPUTS)
    assert set(np.unique(trial.x[::2])) == {0.0, 1.0}
    assert np.array_equal(trial.x * 256, np.rint(trial.x * 256))
    assert np.abs(trial.x).max() <= 1.0
    assert not np.array_equal(
        trial.x, tried(GRAPHS["LIF rt"](), dt=DT, batch=6, steps=30, seed=1).x
    )
    assert np.array_equal(trial.x, tried(GRAPHS["LIF rt"](), dt=DT, batch=6, steps=30).x)


def quiet(limit: float) -> nir.NIRGraph:
    node = lif()
    node.v_threshold = every(limit)
    return chain(nir.Linear(weights(UNITS, INPUTS)), node)


@pytest.mark.parametrize(
    ("limit", "largest", "silent"), [(1.0, 1.0, []), (20.0, 8.0, []), (1e9, 1.0, ["n1"])]
)
def test_it_drives_harder_where_nothing_fires(limit: float, largest: float, silent) -> None:
    trial = tried(quiet(limit), dt=DT)
    assert np.abs(trial.x).max() == largest
    assert trial.silent == silent


def test_the_same_reading_changes_nothing() -> None:
    for name in ("packed", "LIF loop", "LI", "nested CubaLIF"):
        trial = tried(GRAPHS[name](), dt=DT)
        assert trial.differing(trial.how) == 0.0


def test_a_share_is_of_neurons_and_outputs() -> None:
    trial = tried(GRAPHS["tie"](), dt=DT)
    found = trial.differing(Semantics(fires_at=True))
    fired = trial.meant.spikes["n1"]
    assert 0.0 < found < 0.2
    # spikes and the output that repeats them change alike
    one = copy.deepcopy(trial.graph)
    one.nodes["n1"].v_threshold = every(1e9)
    assert trial.differing(trial.how, one) == fired.mean()


def test_a_node_that_is_missing_or_fires_twice_is_changed_everywhere() -> None:
    trial = tried(GRAPHS["LIF rt"](), dt=DT)
    other = chain(nir.Linear(weights(UNITS, INPUTS)), nir.Scale(every(1.0)))
    assert trial.differing(trial.how, other) > 0.5
    twice = Semantics(most_spikes=None)
    assert trial.differing(twice) >= 0.0
    counted = tried(GRAPHS["IF"](), dt=DT)
    more = counted.differing(Semantics(most_spikes=None, reset="subtract"))
    assert more > 0.0


def test_outputs_are_compared_to_nine_digits() -> None:
    trial = tried(GRAPHS["LI"](), dt=DT)
    near, far = copy.deepcopy(trial.graph), copy.deepcopy(trial.graph)
    near.nodes["n2"].weight = near.nodes["n2"].weight * (1 + 1e-12)
    far.nodes["n2"].weight = far.nodes["n2"].weight * (1 + 1e-6)
    assert trial.differing(trial.how, near) == 0.0
    assert trial.differing(trial.how, far) > 0.3


def test_outputs_of_another_width_differ_wholly() -> None:
    trial = tried(GRAPHS["LI"](), dt=DT)
    wide = copy.deepcopy(trial.graph)
    wide.nodes["n3"] = nir.LI(every(1e-3, 2 * UNITS), every(1.0, 2 * UNITS), every(0.0, 2 * UNITS))
    wide.nodes["n2"] = nir.Affine(np.tile(wide.nodes["n2"].weight, (2, 1)), np.zeros(2 * UNITS))
    bins = trial.meant.spikes["n1"].size + trial.meant.output.size
    assert trial.differing(trial.how, wide) == trial.meant.output.size / bins


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_our_profiles_are_tried_as_they_are_meant(profile: str) -> None:
    trial = tried(to_nir(random_net(), profile=profile), dt=1e-4)
    assert trial.how == PROFILES[profile].semantics
    assert trial.meant.counts == {}
    assert trial.silent == []


def test_what_does_not_run_is_not_tried() -> None:
    graph = GRAPHS["LIF rt"]()
    graph.edges.pop()
    with pytest.raises(GraphError):
        tried(graph, dt=DT)
