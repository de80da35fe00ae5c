"""A rate model becomes a multi-spike network, every node named, and tuning never makes it worse."""

import nir
import numpy as np
import pytest
import torch

from converter import (
    FitSettings,
    convert,
    cover_multispike,
    multispike_to_nir,
    to_multispike,
    tune_multispike,
)
from converter.coverage import APPROXIMATE, EXACT, UNSUPPORTED
from converter.matching import matching_loss, rate_trace
from spiking import MultiSpike
from spiking.errors import (
    ConfigError,
    CoverageError,
    EmptyDataError,
    NotFiniteError,
    ShapeError,
)
from tests.converter.small_models import numbers, random_rate, random_rnn, random_x, same_numbers


def inputs(batch: int = 24) -> torch.Tensor:
    return (random_x(batch=batch) + 1.0) / 2.0


def test_every_node_is_covered_and_none_is_called_exact_that_is_not() -> None:
    nodes = {node.name: node for node in to_multispike(random_rate()).coverage.nodes}
    assert {f"l0.{name}" for name in "zioch"} <= nodes.keys()
    assert all(nodes[f"l0.{name}"].fidelity == APPROXIMATE for name in "zioch")
    assert all(node.fidelity in (APPROXIMATE, EXACT) for node in nodes.values())
    assert "hard sigmoid" in nodes["l0.z"].reason


@pytest.mark.parametrize(
    ("words", "name"), [({"layers": 2}, "l1.z"), ({"forget": "gated"}, "l0.f")]
)
def test_what_one_such_layer_cannot_carry_is_named(words, name) -> None:
    with pytest.raises(CoverageError, match=name):
        to_multispike(random_rate(**words))
    nodes = cover_multispike(random_rate(**words), code=MultiSpike()).nodes
    assert name in [node.name for node in nodes if node.fidelity == UNSUPPORTED]


def test_a_model_without_readout_and_one_with_nan_are_refused() -> None:
    with pytest.raises(ConfigError, match="SubLSTMClassifier"):
        to_multispike(random_rnn())
    rate = random_rate()
    with torch.no_grad():
        rate.readout.weight[0, 0] = float("nan")
    with pytest.raises(NotFiniteError, match=r"readout\.weight"):
        to_multispike(rate)


def test_the_graph_carries_the_chips_integers() -> None:
    net = to_multispike(random_rate(hidden=5)).network
    graph = multispike_to_nir(net, dt=1e-3)
    assert set(graph.nodes) == {
        "input",
        "n1_in",
        "n2_hidden",
        "n3_rec",
        "n4_out",
        "n5_readout",
        "output",
    }
    for name in ("n1_in", "n3_rec", "n4_out"):
        weight = graph.nodes[name].weight
        assert np.array_equal(weight, np.rint(weight))
        assert np.abs(weight).max() <= 128
    hidden = graph.nodes["n2_hidden"]
    assert isinstance(hidden, nir.CubaLIF)
    assert len(hidden.v_threshold) == 4 * 5
    dash = np.log2(hidden.tau_syn / 1e-3)
    assert np.array_equal(dash, np.rint(dash))
    with pytest.raises(ConfigError, match="dt is"):
        multispike_to_nir(net, dt=0.0)


def loss(net, teacher, x) -> float:
    with torch.no_grad():
        wanted = rate_trace(teacher, x)
        goal = {name: wanted[name] for name in ("l0.h", "logits")}
        return float(matching_loss(net.twin(x), goal))


def test_tuning_comes_closer_and_repeats_itself() -> None:
    teacher, x = random_rate(3), inputs(64)
    net = to_multispike(teacher).network
    before = numbers(net)
    words = {"settings": FitSettings(epochs=6, learning_rate=1e-2), "seed": 4, "progress": False}
    tuned = tune_multispike(net, teacher=teacher, data=x, **words)
    again = tune_multispike(net, teacher=teacher, data=x, **words)
    assert same_numbers(numbers(net), before)
    assert same_numbers(numbers(tuned), numbers(again))
    assert loss(tuned, teacher, x) < loss(net, teacher, x)


def test_the_largest_weights_of_a_neuron_stay_and_tuning_brings_no_other_back() -> None:
    teacher, x = random_rate(3, hidden=6), inputs(64)
    net = to_multispike(teacher, fan_out=5).network
    weight = teacher.rnn.get("weight_hh", "l0").detach()
    for unit in range(6):
        largest = weight[:, unit].abs().topk(5).indices
        assert set(net.kept[:, unit].nonzero().ravel().tolist()) == set(largest.tolist())
    words = {"settings": FitSettings(epochs=6, learning_rate=1e-2), "progress": False}
    tuned = tune_multispike(net, teacher=teacher, data=x, **words)
    assert loss(tuned, teacher, x) < loss(net, teacher, x)
    for each in (net, tuned):
        recurrent = multispike_to_nir(each, dt=1e-3).nodes["n3_rec"].weight
        assert np.count_nonzero(recurrent, axis=0).max() <= 5
    assert not np.array_equal(
        *(multispike_to_nir(n, dt=1e-3).nodes["n3_rec"].weight for n in (net, tuned))
    )
    assert to_multispike(teacher).network.kept.all()
    with pytest.raises(ConfigError, match="fan_out"):
        to_multispike(teacher, fan_out=0)


def test_bad_data_and_another_teacher_are_named() -> None:
    teacher = random_rate()
    net = to_multispike(teacher).network
    with pytest.raises(EmptyDataError):
        tune_multispike(net, teacher=teacher, data=torch.zeros(0, 8, 3), progress=False)
    with pytest.raises((ConfigError, ShapeError), match=r"hidden|sizes|units"):
        tune_multispike(net, teacher=random_rate(hidden=6), data=inputs(), progress=False)


def test_a_gated_model_has_to_be_distilled_first() -> None:
    assert convert(random_rate(forget="gated"), data=inputs(), progress=False).network is not None
