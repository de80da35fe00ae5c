"""Each public layout computes here what its own repository computes."""

import numpy as np
import pytest
import torch

from converter.importing import import_checkpoint
from converter.layouts import LAYOUTS
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


@pytest.mark.parametrize(("plain", "sizes"), CASES)
def test_wrong_layout_computes_something_else(plain: PlainLayout, sizes: Sizes) -> None:
    """The same numbers, read with any other row order of as many gates, give other outputs."""
    state = plain.keys(sizes, 1)
    right = import_checkpoint(state, layout=plain.name).model
    wanted = plain.run(state, X).output
    rnn = right.rnn if isinstance(right, SubLSTMClassifier) else right
    own = {name: value.detach() for name, value in rnn.state_dict().items()}
    wrong_orders = 0
    for other in LAYOUTS.values():
        order = other.row_order(fixed=sizes.fixed)
        own_order = "zio" if sizes.fixed else "ziof"
        if not order or order == LAYOUTS[plain.name].row_order(fixed=sizes.fixed):
            continue
        mine = LAYOUTS[plain.name].row_order(fixed=sizes.fixed)
        # undo the right reading into the file's rows, then read these as the other layout does
        swapped = {}
        for name, value in own.items():
            if name.startswith("forget"):
                swapped[name] = value
                continue
            blocks = dict(zip(own_order, value.chunk(len(own_order)), strict=True))
            as_filed = dict(zip(order, [blocks[letter] for letter in mine], strict=True))
            swapped[name] = torch.cat([as_filed[letter] for letter in own_order])
        rnn.load_state_dict(swapped)
        output = rnn(torch.from_numpy(X))[0].detach().numpy()
        assert np.abs(output - wanted).max() > 1e-2, other.name
        wrong_orders += 1
    assert wrong_orders >= 1


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
