"""Known defects of public files are said aloud, and only where they are."""

import numpy as np
import pytest
import torch

from converter.importing import import_checkpoint
from converter.proof import Proof
from spiking.errors import NotFiniteError
from tests.converter.plain_layouts import (
    Sizes,
    cimacmillan_keys,
    miltonllera_basic_keys,
    miltonllera_torchscript_keys,
    neuralml_keys,
    run_neuralml,
    torch_keys,
)


def said(notes: tuple[str, ...], words: str) -> bool:
    return any(words in note for note in notes)


def test_clamped_constant_forgets_are_counted() -> None:
    state = neuralml_keys(Sizes(hidden=6, fixed=True, layers=2), 1)
    state["f_0"] = np.array([-0.4, 0.0, 0.5, 0.9, 1.0, 1.3])
    state["f_1"] = np.full(6, 0.5)
    notes = import_checkpoint(state).notes
    assert said(notes, "layer 0: 2 of 6 constant forgets are clamped at 0")
    assert said(notes, "layer 0: 2 of 6 constant forgets are clamped at 1")
    assert not said(notes, "layer 1")
    assert not said(notes, "never initialised")


def test_uninitialised_forgets_are_named_and_nan_is_an_error() -> None:
    state = miltonllera_basic_keys(Sizes(hidden=4, fixed=True), 1)
    state["layer_1.f_gate"] = np.array([0.5, -1.4e13, 3e-41, 0.2])
    notes = import_checkpoint(state).notes
    assert said(notes, "1 of 4 constant forgets look like memory that was never initialised (up to")
    assert said(notes, "-1.4e+13")
    for bad in (np.nan, np.inf):
        state["layer_1.f_gate"][2] = bad
        with pytest.raises(NotFiniteError, match=r"layer_1\.f_gate holds 1 of 4"):
            import_checkpoint(state)


def test_untrained_torchscript_weights_are_named() -> None:
    state = miltonllera_torchscript_keys(Sizes(hidden=8), 1)
    spread = np.concatenate([value.ravel() for value in state.values()]).std(ddof=1)
    drawn = import_checkpoint(state).notes
    assert said(drawn, f"all weights together have spread {spread:.2f}: this repository")
    assert said(drawn, "tanh(c) - o")
    trained = miltonllera_torchscript_keys(Sizes(hidden=8, scale=0.4), 1)
    assert not said(import_checkpoint(trained).notes, "N(0, 1)")


def test_what_keys_cannot_exclude_is_named_until_a_proof_does() -> None:
    state = neuralml_keys(Sizes(), 1)
    assert said(import_checkpoint(state).notes, "neuralml of 2019-03-18 to 2019-04-03")
    x = np.random.default_rng(0).normal(size=(3, 9, 3))
    proof = Proof(torch.from_numpy(x), torch.from_numpy(run_neuralml(state, x).output))
    assert not said(import_checkpoint(state, proof=proof).notes, "2019-03-18")
    assert not said(import_checkpoint(neuralml_keys(Sizes(fixed=True))).notes, "2019-03-18")


def test_ixaxaar_says_dropout_and_the_lstm_of_its_second_day() -> None:
    notes = import_checkpoint(torch_keys(Sizes()), layout="ixaxaar").notes
    assert said(notes, "accepts dropout and ignores it")
    assert said(notes, "0ec63df")
    assert said(notes, "torch.nn.LSTM")


def test_single_bias_embedding_and_softmax_are_named() -> None:
    assert said(import_checkpoint(cimacmillan_keys(Sizes())).notes, "one bias for each gate")
    with_words = torch_keys(Sizes(classes=4)) | {"encoder.weight": np.ones((9, 3))}
    notes = import_checkpoint(with_words, layout="ixaxaar").notes
    assert said(notes, "not covered: encoder.weight; give this model embedded inputs")
    assert said(import_checkpoint(neuralml_keys(Sizes())).notes, "ends in softmax")
