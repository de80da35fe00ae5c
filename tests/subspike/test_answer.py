"""Exit codes are three, and an answer without words on its code is done."""

import pytest

from subspike.answer import BAD_INPUT, DONE, NO, Answer


def test_codes_are_those_of_a_ci() -> None:
    assert (DONE, NO, BAD_INPUT) == (0, 1, 2)
    assert Answer("text").code == DONE


def test_an_answer_does_not_change() -> None:
    with pytest.raises(AttributeError):
        Answer("text").text = "other"
