"""The statistics behind a proof, and the data that prove nothing."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from converter.importing import import_checkpoint
from converter.proof import Proof, binomial_tail, mcnemar
from spiking.errors import ConfigError, EmptyDataError, NotFiniteError, ShapeError
from tests.converter.plain_layouts import Sizes, torch_keys

X = torch.zeros(4, 6, 3)
OUT = torch.zeros(4, 6, 5)
LABELS = torch.zeros(4, dtype=torch.int64)


@given(trials=st.integers(0, 300), data=st.data(), share=st.floats(0.001, 0.999))
def test_binomial_tail_is_that_of_scipy(trials: int, data: st.DataObject, share: float) -> None:
    successes = data.draw(st.integers(0, trials))
    wanted = stats.binom.sf(successes - 1, trials, share)
    assert math.isclose(
        binomial_tail(successes, trials, share=share), wanted, rel_tol=1e-8, abs_tol=1e-12
    )


def test_binomial_tail_of_a_certain_event() -> None:
    assert binomial_tail(5, 5, share=1.0) == 1.0
    assert binomial_tail(0, 0, share=0.5) == 1.0


@given(only_one=st.integers(0, 40), only_other=st.integers(0, 40), both=st.integers(0, 20))
def test_mcnemar_is_the_two_sided_binomial_test(only_one: int, only_other: int, both: int) -> None:
    one = torch.tensor([1] * only_one + [0] * only_other + [1] * both).bool()
    other = torch.tensor([0] * only_one + [1] * only_other + [1] * both).bool()
    discordant = only_one + only_other
    wanted = stats.binomtest(only_one, discordant).pvalue if discordant else 1.0
    assert math.isclose(mcnemar(one, other), wanted, rel_tol=1e-9)
    assert mcnemar(one, other) == mcnemar(other, one)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"x": X}, ConfigError, "either output="),
        ({"x": X, "output": OUT, "labels": LABELS}, ConfigError, "not both"),
        ({"x": X, "labels": LABELS, "state": (OUT, OUT)}, ConfigError, "belongs to a reference"),
        ({"x": X, "output": OUT, "tolerance": 0.0}, ConfigError, "must be positive"),
        ({"x": X[0], "output": OUT}, ShapeError, r"expected \(batch, time, features\)"),
        ({"x": X[:, :0], "output": OUT[:, :0]}, EmptyDataError, "proves nothing"),
        ({"x": X[:0], "output": OUT[:0]}, EmptyDataError, "proves nothing"),
        ({"x": X, "output": OUT[:3]}, ShapeError, "output has 3 samples; x has 4"),
        ({"x": X, "output": OUT * math.nan}, NotFiniteError, "output of the proof"),
        ({"x": X / 0, "output": OUT}, NotFiniteError, "x of the proof"),
        ({"x": X, "labels": LABELS.float()}, ShapeError, r"labels are torch\.float32"),
        ({"x": X, "labels": LABELS - 1}, ConfigError, "labels hold -1"),
        ({"x": X, "output": OUT, "lengths": torch.full((4,), 7)}, ShapeError, "lengths"),
    ],
)
def test_data_that_prove_nothing_are_named(
    words: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Proof(**words)  # type: ignore[arg-type]  # words differ by case


def test_reference_of_another_shape_and_labels_without_readout_are_named() -> None:
    state = torch_keys(Sizes())
    with pytest.raises(
        ShapeError, match=r"output .* \(4, 6, 7\); this file's model gives \(4, 6, 5"
    ):
        import_checkpoint(state, proof=Proof(X, torch.zeros(4, 6, 7)))
    with pytest.raises(ShapeError, match="h_n of the proof"):
        import_checkpoint(state, proof=Proof(X, OUT, state=(OUT, OUT)))
    with pytest.raises(ConfigError, match="this file has none"):
        import_checkpoint(state, proof=Proof(X, labels=LABELS))
