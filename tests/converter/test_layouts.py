"""Each public layout computes here what its own repository computes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from converter.importing import import_checkpoint
from converter.layouts import LAYOUTS
from converter.parts import fit_keys, gather
from converter.translate import to_model
from spiking import SubLSTM, SubLSTMClassifier
from tests.converter.plain_layouts import (
    PLAIN_LAYOUTS,
    PlainLayout,
    Sizes,
    miltonllera_torchscript_keys,
    neuralml_keys,
    run_miltonllera_torchscript,
    run_neuralml,
)

RNG = np.random.default_rng(7)
X = RNG.normal(size=(4, 9, 3))
TIGHT = {"rtol": 1e-12, "atol": 1e-12}


def variants(plain: PlainLayout) -> list[Sizes]:
    """One and three layers, gated and fixed, bare and with a readout, as far as they exist."""
    return [
        Sizes(layers=layers, fixed=fixed, classes=classes)
        for layers in ((1, 3) if plain.deep else (1,))
        for fixed in ((False, True) if plain.fixed else (False,))
        for classes in (0, 6)
    ]


CASES = [
    pytest.param(plain, sizes, id=f"{plain.name}-{sizes.layers}-{sizes.fixed}-{sizes.classes}")
    for plain in PLAIN_LAYOUTS
    for sizes in variants(plain)
]


@pytest.mark.parametrize(("plain", "sizes"), CASES)
def test_import_computes_what_the_repository_computes(plain: PlainLayout, sizes: Sizes) -> None:
    state = plain.keys(sizes, 1)
    wanted = plain.run(state, X)
    imported = import_checkpoint(state, layout=None if plain.unique else plain.name)
    assert imported.layout == plain.name
    assert imported.settled_by == ("keys" if plain.unique else "argument")
    model = imported.model
    rnn = model.rnn if isinstance(model, SubLSTMClassifier) else model
    output, (h_n, c_n) = rnn(torch.from_numpy(X))
    np.testing.assert_allclose(output.detach().numpy(), wanted.output, **TIGHT)
    np.testing.assert_allclose(h_n.detach().numpy(), wanted.h_n, **TIGHT)
    np.testing.assert_allclose(c_n.detach().numpy(), wanted.c_n, **TIGHT)
    assert isinstance(model, SubLSTMClassifier) == (sizes.classes > 0)
    if isinstance(model, SubLSTMClassifier):
        logits = model(torch.from_numpy(X)).detach().numpy()
        np.testing.assert_allclose(logits, wanted.logits, **TIGHT)


@pytest.mark.parametrize(
    ("plain", "fixed"),
    [(p, fixed) for p in PLAIN_LAYOUTS for fixed in {False, p.fixed} if p.name != "michael1788"],
)
def test_wrong_row_order_computes_something_else(plain: PlainLayout, *, fixed: bool) -> None:
    state = {name: torch.from_numpy(v) for name, v in plain.keys(Sizes(fixed=fixed), 1).items()}
    wanted = plain.run(plain.keys(Sizes(fixed=fixed), 1), X).output
    right = LAYOUTS[plain.name]
    fit = fit_keys(list(state), right)
    assert fit is not None
    orders = {other.row_order(fixed=fixed) for other in LAYOUTS.values()}
    for order in orders - {right.row_order(fixed=fixed), ""}:
        wrong = replace(right, gates=order, fixed_gates=order)
        model = to_model(gather(state, replace(fit, layout=wrong)))
        assert isinstance(model, SubLSTM)
        output = model(torch.from_numpy(X))[0].detach().numpy()
        assert np.abs(output - wanted).max() > 0.05, order


def test_wrong_cell_activation_computes_something_else() -> None:
    state = miltonllera_torchscript_keys(Sizes(), 1)
    imported = import_checkpoint(state, cell_activation="sigmoid")
    assert isinstance(imported.model, SubLSTM)
    output = imported.model(torch.from_numpy(X))[0].detach().numpy()
    assert np.abs(output - run_miltonllera_torchscript(state, X).output).max() > 0.05


def test_early_neuralml_bias_names() -> None:
    state = {
        name.replace("bi_", "b_i_").replace("bh_", "b_r_"): value
        for name, value in neuralml_keys(Sizes(layers=2, fixed=True), 3).items()
    }
    imported = import_checkpoint(state)
    assert isinstance(imported.model, SubLSTM)
    output = imported.model(torch.from_numpy(X))[0].detach().numpy()
    np.testing.assert_allclose(output, run_neuralml(state, X).output, **TIGHT)


def test_torchscript_of_october_2019_keeps_input_weights_outside_the_cell() -> None:
    state = {
        name.replace(".cell.weight_ih", ".weight_ih"): value
        for name, value in miltonllera_torchscript_keys(Sizes(layers=2), 3).items()
        if not name.endswith("bias_ih")
    }
    imported = import_checkpoint(state)
    assert isinstance(imported.model, SubLSTM)
    output = imported.model(torch.from_numpy(X))[0].detach().numpy()
    np.testing.assert_allclose(output, run_miltonllera_torchscript(state, X).output, **TIGHT)


@pytest.mark.parametrize("plain", [p for p in PLAIN_LAYOUTS if p.deep and p.name[-1] != "t"])
def test_layers_without_bias(plain: PlainLayout) -> None:
    state = plain.keys(Sizes(layers=2, bias=False), 4)
    imported = import_checkpoint(state, layout=plain.name)
    assert isinstance(imported.model, SubLSTM)
    assert not imported.model.bias
    output = imported.model(torch.from_numpy(X))[0].detach().numpy()
    np.testing.assert_allclose(output, plain.run(state, X).output, **TIGHT)


def test_names_in_the_table_are_their_keys() -> None:
    assert all(name == layout.name for name, layout in LAYOUTS.items())
    for layout in LAYOUTS.values():
        assert set(layout.gates) == set("ifzo")
        assert set(layout.fixed_gates) in (set("izo"), set())
