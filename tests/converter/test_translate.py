"""A constant forget keeps its value through the logit, 0 and 1 included."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from converter.importing import import_checkpoint
from converter.translate import forget_logit
from spiking import SubLSTM
from spiking.errors import CheckpointError, LayoutError
from tests.converter.plain_layouts import Sizes, neuralml_keys, run_neuralml, torch_keys


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_exact_zero_and_one_stay_exact(dtype: torch.dtype) -> None:
    ends = torch.tensor([0.0, 1.0], dtype=dtype).repeat(33)  # vectorised and scalar code paths
    logit = forget_logit(ends).requires_grad_()
    assert bool(torch.isfinite(logit).all())
    for value in (logit, logit[:2]):
        assert torch.equal(torch.sigmoid(value), ends[: len(value)])
    torch.sigmoid(logit).sum().backward()
    assert logit.grad is not None
    assert torch.equal(logit.grad, torch.zeros_like(ends))


@given(st.floats(0.0, 1.0, width=32))
def test_float32_constants_come_back_within_two_units_in_the_last_place(constant: float) -> None:
    stored = torch.tensor([constant], dtype=torch.float32)
    back = torch.sigmoid(forget_logit(stored)).numpy()
    assert abs(back - stored.numpy()) <= 2 * np.spacing(np.maximum(stored.numpy(), 1e-30)) * max(
        1.0, abs(float(forget_logit(stored)[0])) / 2
    )


def test_clamped_units_run_as_the_clamp_does() -> None:
    """f_0 of 0, below 0, 1 and above 1: the clamp's output, in the model's own arithmetic."""
    state = neuralml_keys(Sizes(hidden=4, fixed=True), 1)
    state["f_0"] = np.array([0.0, -3.0, 1.0, 7.0])
    model = import_checkpoint(state).model
    assert isinstance(model, SubLSTM)
    forget = torch.sigmoid(model.state_dict()["forget_l0"])
    assert torch.equal(forget, torch.tensor([0.0, 0.0, 1.0, 1.0], dtype=torch.float64))
    x = np.random.default_rng(0).normal(size=(2, 40, 3))
    output = model(torch.from_numpy(x))[0].detach().numpy()
    np.testing.assert_allclose(output, run_neuralml(state, x).output, rtol=1e-12, atol=1e-12)


def test_raw_constants_are_used_as_they_are_or_refused() -> None:
    state = neuralml_keys(Sizes(hidden=4, fixed=True), 1)
    state["f_0"] = np.array([0.0, 0.25, 0.75, 1.0])
    raw = import_checkpoint(state, forget="raw").model.state_dict()
    assert torch.equal(raw["forget_l0"], import_checkpoint(state).model.state_dict()["forget_l0"])
    state["f_0"][1] = 1.5
    with pytest.raises(CheckpointError, match=r"1 of 4 constant forgets lie outside \[0, 1\]"):
        import_checkpoint(state, forget="raw")
    with pytest.raises(LayoutError, match="name how it is stored"):
        import_checkpoint(state, forget="gate")


def test_import_keeps_its_own_copy_and_the_dtype() -> None:
    state = {n: torch.from_numpy(v).float() for n, v in torch_keys(Sizes(), 1).items()}
    model = import_checkpoint(state, layout="subspike").model
    assert isinstance(model, SubLSTM)
    assert model.batch_first
    assert not model.training
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    before = model.state_dict()["weight_ih_l0"].clone()
    assert torch.equal(before, state["weight_ih_l0"])
    state["weight_ih_l0"].zero_()
    assert torch.equal(model.state_dict()["weight_ih_l0"], before)
