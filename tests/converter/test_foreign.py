"""Cells with a subLSTM's keys, against plain equations and torch's own LSTM."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from converter.foreign import FOREIGN_CELLS, ForeignCell, foreign_cells_like, run_foreign
from converter.layouts import LAYOUTS
from converter.parts import Weights, fit_keys, gather
from tests.converter.plain_layouts import (
    PlainRun,
    Sizes,
    State,
    miltonllera_torchscript_keys,
    neuralml_keys,
    run_lstm,
    run_miltonllera_negated,
    run_neuralml_product,
    torch_keys,
)

LSTM, PRODUCT, NEGATED = FOREIGN_CELLS
X = np.random.default_rng(3).normal(size=(4, 7, 3))


def gathered(state: dict[str, torch.Tensor], layout: str) -> Weights:
    fit = fit_keys(list(state), LAYOUTS[layout])
    assert fit is not None
    return gather(state, fit)


@pytest.mark.parametrize(
    ("cell", "layout", "keys", "run", "fixed"),
    [
        (LSTM, "ixaxaar", torch_keys, run_lstm, False),
        (PRODUCT, "neuralml", neuralml_keys, run_neuralml_product, False),
        (
            NEGATED,
            "miltonllera-torchscript",
            miltonllera_torchscript_keys,
            run_miltonllera_negated,
            False,
        ),
        (
            NEGATED,
            "miltonllera-torchscript",
            miltonllera_torchscript_keys,
            run_miltonllera_negated,
            True,
        ),
    ],
)
def test_cell_computes_its_repository_s_equations(
    cell: ForeignCell,
    layout: str,
    keys: Callable[..., State],
    run: Callable[[State, np.ndarray], PlainRun],
    fixed: bool,
) -> None:
    state = keys(Sizes(layers=2, fixed=fixed), 2)
    wanted = run(state, X)
    tensors = {name: torch.from_numpy(value) for name, value in state.items()}
    output, (h_n, c_n) = run_foreign(cell, gathered(tensors, layout), torch.from_numpy(X), None)
    for found, plain in ((output, wanted.output), (h_n, wanted.h_n), (c_n, wanted.c_n)):
        np.testing.assert_allclose(found.numpy(), plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_lstm_is_torch_s_own_with_padding_too(bidirectional: bool) -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(3, 5, 2, batch_first=True, bidirectional=bidirectional, dtype=torch.float64)
    x, lengths = torch.from_numpy(X), torch.tensor([7, 2, 5, 1])
    weights = gathered(dict(lstm.state_dict()), "subspike")
    output, state = run_foreign(LSTM, weights, x, lengths)
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    wanted, (h_n, c_n) = lstm(packed)
    wanted, _ = nn.utils.rnn.pad_packed_sequence(wanted, batch_first=True)
    valid = (torch.arange(7) < lengths.unsqueeze(1)).unsqueeze(-1)
    torch.testing.assert_close(output * valid, wanted, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(state[0], h_n, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(state[1], c_n, rtol=1e-12, atol=1e-12)


def test_cells_are_offered_only_for_keys_and_variants_they_wrote() -> None:
    assert foreign_cells_like({"ixaxaar", "subspike"}, fixed=False) == (LSTM,)
    assert foreign_cells_like({"neuralml"}, fixed=False) == (PRODUCT,)
    assert foreign_cells_like({"neuralml", "subspike"}, fixed=True) == ()
    assert foreign_cells_like({"miltonllera-torchscript"}, fixed=True) == (NEGATED,)
    assert foreign_cells_like({"cimacmillan", "michael1788"}, fixed=False) == ()


def test_every_cell_shares_keys_with_known_layouts_and_says_why_it_is_refused() -> None:
    for cell in FOREIGN_CELLS:
        assert set(cell.keys) <= set(LAYOUTS)
        assert cell.reason
