"""Levels follow their line, changes add up to the last value that was said, events are counted."""

import numpy as np
import pytest

from hardware import TARGETS, Neurons
from hardware.network import SAYS
from hardware.saying import SAYINGS, interpolated

FORMAT = TARGETS["loihi2-graded"].format


def group(count: int = 1, **words) -> Neurons:
    nothing = np.zeros(count, np.int64)
    given = {"threshold": nothing + 1} | words
    return Neurons("a", bias=nothing, current_decay=nothing, potential_decay=nothing, **given)


def test_every_word_of_the_network_is_known() -> None:
    assert sorted(SAYINGS) == list(SAYS)


@pytest.mark.parametrize("drop", [0, 3, 11])
def test_a_line_goes_through_its_knots_and_straight_between_them(drop) -> None:
    knots = np.array([-40, -7, 0, 5, 90])
    places = (np.arange(5) - 2) << drop
    every = np.arange(-(4 << drop), (4 << drop) + 1)
    found = interpolated(every, knots, drop)
    exact = np.interp(every, places, knots)
    inside = every < places[-1]
    assert (found[inside] == np.floor(exact[inside])).all()
    # the last point is never reached, but for less than a step of the last piece
    assert (np.abs(found - exact) < 1 + 85 / 2**drop).all()
    assert np.array_equal(interpolated(places[:-1], knots, drop), knots[:-1])


def test_a_change_is_said_when_it_is_large_enough_and_none_is_lost() -> None:
    rng = np.random.default_rng(0)
    for theta in (1, 3):
        neurons = group(5, threshold=np.full(5, theta), says="change", drop=4)
        say, said = SAYINGS["change"].start(neurons, FORMAT), np.zeros((2, 5), int)
        for _ in range(50):
            reached = rng.integers(-100, 100, (2, 5))
            message, left = say(reached)
            assert np.array_equal(left, reached)
            wanted = np.where(np.abs((reached >> 4) - said) >= theta, (reached >> 4) - said, 0)
            assert np.array_equal(message, wanted)
            said += message
            assert (np.abs(said - (reached >> 4)) < theta).all()


def test_two_runs_of_a_coder_do_not_share_their_memory() -> None:
    start = SAYINGS["change"].start
    for _ in range(2):
        assert start(group(says="change"), FORMAT)(np.array([[3]]))[0] == 3


def test_spikes_are_added_and_graded_ones_counted() -> None:
    said = np.array([[[2, 0], [3, -5]]])
    assert SAYINGS["spikes"].events(np.abs(said)).tolist() == [[5, 5]]
    assert SAYINGS["change"].events(said).tolist() == [[2, 1]]
    say = SAYINGS["nothing"].start(group(says="nothing"), FORMAT)
    assert say(np.array([[9]]))[0] == 0
