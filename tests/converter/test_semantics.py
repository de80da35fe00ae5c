"""A semantics is a plain value; what its words do is proved in test_nir_steps and _interpreter."""

import dataclasses

import numpy as np
import pytest

from converter import LITERAL, Semantics, run_nir
from tests.converter.nir_graphs import DT, GRAPHS, INPUTS, rng


def test_it_cannot_be_changed_and_is_compared_by_its_words() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        LITERAL.fires_at = True
    assert Semantics() == LITERAL
    assert dataclasses.replace(LITERAL, fires_at=True) != LITERAL


def test_every_word_is_documented() -> None:
    for field in dataclasses.fields(Semantics):
        assert f"\n    {field.name} " in Semantics.__doc__


def test_the_literal_one_is_what_is_meant_where_none_is_given() -> None:
    graph, x = GRAPHS["rec CubaLIF"](), rng().random((2, 40, INPUTS)) < 0.5
    assert np.array_equal(
        run_nir(graph, x, dt=DT).spikes["lif"],
        run_nir(graph, x, dt=DT, semantics=LITERAL).spikes["lif"],
    )
