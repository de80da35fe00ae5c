"""Every rule has a network at its limit that passes and one beyond it that is named."""

import nir
import numpy as np
import pytest

from hardware import TARGETS, check
from hardware.rules import RULES
from tests.hardware.chips import DT, chain, cuba

AUDIO_2, AUDIO_3, IMU = (TARGETS[f"xylo-{name}"] for name in ("audio2", "audio3", "imu"))


def names(graph, target, dt=DT) -> list[str]:
    return [fault.rule for fault in check(graph, target, dt=dt)]


def placed_last(outputs: int, hidden: int, reach: int) -> np.ndarray:
    weights = np.zeros((outputs, hidden))
    weights[:, hidden - reach :] = 1
    return weights


def first(hidden: int, inputs: int, reach: int) -> np.ndarray:
    weights = np.zeros((hidden, inputs))
    weights[:reach] = 1
    return weights


CASES = {
    "inputs_fit": (chain(inputs=16), chain(inputs=17), AUDIO_3),
    "outputs_fit": (chain(outputs=8), chain(outputs=9), AUDIO_2),
    "hidden_neurons_fit": (
        chain(hidden=496, w_in=first(496, 2, 128), w_out=placed_last(3, 496, 128)),
        chain(hidden=497, w_in=first(497, 2, 128), w_out=placed_last(3, 497, 128)),
        IMU,
    ),
    "fan_out_fits": (
        chain(hidden=65, w_rec=np.eye(65) + np.pad(np.ones((63, 1)), ((2, 0), (0, 64)))),
        chain(hidden=65, w_rec=np.eye(65) + np.pad(np.ones((64, 1)), ((1, 0), (0, 64)))),
        AUDIO_2,
    ),
    "recurrent_weights_fit": (
        chain(hidden=128, w_rec=np.ones((128, 128))),
        chain(
            hidden=200,
            w_in=first(200, 2, 128),
            w_out=placed_last(3, 200, 128),
            w_rec=np.ones((200, 200)),
        ),
        AUDIO_3,
    ),
    "first_hidden_neurons_take_input": (
        chain(hidden=129, w_in=first(129, 2, 128), w_out=placed_last(3, 129, 128)),
        chain(hidden=129, w_in=first(129, 2, 129), w_out=placed_last(3, 129, 128)),
        AUDIO_3,
    ),
    "last_hidden_neurons_feed_output": (
        chain(hidden=129, w_in=first(129, 2, 128), w_out=placed_last(3, 129, 128)),
        chain(hidden=129, w_in=first(129, 2, 128), w_out=placed_last(3, 129, 129)),
        AUDIO_3,
    ),
    "time_constants_are_powers_of_two": (
        chain(neurons=cuba(4, tau_mem=2.0**15 * DT * np.ones(4), r=2.0**15 * np.ones(4))),
        chain(neurons=cuba(4, tau_mem=3 * DT * np.ones(4), r=3 * np.ones(4))),
        AUDIO_3,
    ),
    "gains_are_the_chips": (
        chain(neurons=cuba(4, tau_syn=4 * DT * np.ones(4), w_in=3 * np.ones(4))),
        chain(neurons=cuba(4, w_in=2 * np.ones(4))),
        AUDIO_3,
    ),
    "membranes_reset_by_subtraction": (
        chain(),
        chain(neurons=cuba(4, v_reset=-np.ones(4))),
        AUDIO_3,
    ),
    "thresholds_are_positive": (
        chain(neurons=cuba(4, v_threshold=np.ones(4))),
        chain(neurons=cuba(4, v_threshold=np.zeros(4))),
        AUDIO_3,
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_the_limit_passes_and_one_more_breaks_exactly_this_rule(rule) -> None:
    fits, breaks, target = CASES[rule]
    assert names(fits, target) == []
    assert names(breaks, target) == [rule]


def test_a_bias_on_a_synapse_is_named() -> None:
    graph = chain()
    graph.nodes["a"] = nir.Affine(np.ones((4, 2)), np.ones(4))
    (fault,) = check(graph, AUDIO_3, dt=DT)
    assert (fault.rule, fault.where) == ("biases_belong_to_membranes", "a")
    graph.nodes["a"] = nir.Affine(np.ones((4, 2)), np.zeros(4))
    assert names(graph, AUDIO_3) == []


def test_no_rule_is_without_a_case() -> None:
    proved = set(CASES) | {"biases_belong_to_membranes"}
    assert {rule.__name__ for rule in RULES} <= proved


def test_a_synapse_without_memory_does_not_exist_there() -> None:
    assert names(chain(neurons=cuba(4, tau_syn=DT * np.ones(4), w_in=np.zeros(4))), AUDIO_3) == [
        "time_constants_are_powers_of_two"
    ]
    assert set(names(chain(), AUDIO_3, dt=2 * DT)) >= {"time_constants_are_powers_of_two"}


def test_all_broken_rules_are_listed_at_once() -> None:
    graph = chain(inputs=17, outputs=9, hidden=70, w_rec=np.ones((70, 70)))
    faults = check(graph, AUDIO_2, dt=DT)
    assert [f.rule for f in faults] == ["inputs_fit", "outputs_fit", "fan_out_fits"]
    assert [(f.have, f.limit) for f in faults] == [("17", "16"), ("9", "8"), ("70", "64")]
    assert all(f.remedy and f.rule in str(f) for f in faults)
