"""Nouns are frozen and a violation reads as a sentence."""

import dataclasses

import pytest

from hardware import TARGETS, Violation


def test_a_violation_says_rule_place_number_limit_and_remedy() -> None:
    text = str(Violation("inputs_fit", "input", "17", "16", "use fewer channels"))
    assert text == "inputs_fit: input has 17, limit 16; use fewer channels"


def test_targets_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TARGETS["xylo-imu"].limits.hidden = 10_000
