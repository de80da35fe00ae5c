"""Keys in their places, shapes and values checked before any row has a meaning."""

import numpy as np
import pytest
import torch

from converter.importing import import_checkpoint
from converter.layouts import LAYOUTS
from converter.parts import fit_keys, gather
from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import LayoutError, NotFiniteError, ShapeError
from tests.converter.plain_layouts import (
    PLAIN_LAYOUTS,
    PlainLayout,
    Sizes,
    michael1788_keys,
    miltonllera_torchscript_keys,
    neuralml_keys,
    run_neuralml,
    torch_keys,
)


@pytest.mark.parametrize("plain", PLAIN_LAYOUTS)
def test_every_array_is_checked_for_shape_and_nan(plain: PlainLayout) -> None:
    sizes = Sizes(layers=2 if plain.deep else 1, fixed=plain.fixed, classes=4)
    good = plain.keys(sizes, 1)
    name = None if plain.unique else plain.name
    import_checkpoint(good, layout=name)
    for key, value in good.items():
        # H and inputs are read off the first layer, so a wrong column there is seen elsewhere
        grown = np.concatenate([value, value[:1]])
        with pytest.raises(ShapeError, match=r"has shape \(.*\); expected \("):
            import_checkpoint({**good, key: grown}, layout=name)
        with pytest.raises(ShapeError, match="expected"):
            import_checkpoint({**good, key: value[..., None]}, layout=name)
        holed = value.copy()
        holed.flat[-1] = np.nan
        at = str(tuple(n - 1 for n in value.shape)).replace("(", r"\(").replace(")", r"\)")
        with pytest.raises(NotFiniteError, match=rf"holds 1 of {value.size} .* index {at} \(nan\)"):
            import_checkpoint({**good, key: holed}, layout=name)


def test_error_names_the_key_of_the_file() -> None:
    state = neuralml_keys(Sizes(layers=2, classes=4), 1)
    state["rnn.R_1"] = state["rnn.R_1"][:, :-1]
    with pytest.raises(ShapeError, match=r"rnn\.R_1 has shape \(20, 4\); expected \(20, 5\)"):
        import_checkpoint(state)


def test_prefix_readout_and_embedding_find_their_places() -> None:
    state = torch_keys(Sizes(classes=4, layers=2), 1) | {"encoder.weight": np.ones((9, 3))}
    fit = fit_keys(list(state), LAYOUTS["ixaxaar"])
    assert fit is not None
    assert fit.explains
    assert (fit.prefix, fit.readout) == ("rnn.", ("decoder.weight", "decoder.bias"))
    assert fit.uncovered == ("encoder.weight",)
    weights = gather({name: torch.from_numpy(value) for name, value in state.items()}, fit)
    assert (weights.inputs, weights.hidden, weights.layers) == (3, 5, 2)


def test_readout_without_bias() -> None:
    state = neuralml_keys(Sizes(classes=4), 1)
    del state["linear.bias"]
    model = import_checkpoint(state).model
    assert isinstance(model, SubLSTMClassifier)
    assert model.readout.bias is None


def test_any_prefix_before_the_module() -> None:
    state = {f"net.body.{key}": value for key, value in neuralml_keys(Sizes(), 1).items()}
    assert import_checkpoint(state).layout == "neuralml"


def test_unused_reverse_weights_of_one_layer_are_dropped_and_named() -> None:
    state = neuralml_keys(Sizes(fixed=True), 1)
    reverse = {
        f"{key}_reverse": value for key, value in neuralml_keys(Sizes(fixed=True), 2).items()
    }
    imported = import_checkpoint(state | reverse)
    assert any("5 weights of a reverse direction (W_0_reverse" in note for note in imported.notes)
    x = np.random.default_rng(0).normal(size=(2, 6, 3))
    assert isinstance(imported.model, SubLSTM)
    output = imported.model(torch.from_numpy(x))[0].detach().numpy()
    np.testing.assert_allclose(output, run_neuralml(state, x).output, rtol=1e-12, atol=1e-12)


def test_variants_that_never_ran_are_refused_with_the_reason() -> None:
    one, two = neuralml_keys(Sizes(layers=2), 1), neuralml_keys(Sizes(layers=2), 2)
    with pytest.raises(LayoutError, match="takes the reverse weights of layer 0 for layer 1"):
        import_checkpoint(one | {f"{key}_reverse": value for key, value in two.items()})
    script = miltonllera_torchscript_keys(Sizes(), 1)
    with pytest.raises(LayoutError, match="layer_norm=True normalises"):
        import_checkpoint(script | {"layers.0.cell.layernorm_i.weight": np.ones(20)})
    both = {key.replace("layers.0", "layers.0.directions.0"): v for key, v in script.items()}
    with pytest.raises(LayoutError, match="bidirectional=True never ran"):
        import_checkpoint(both)
    two_layers = {f"{key}_l1": value for key, value in michael1788_keys(Sizes(), 1).items()}
    with pytest.raises(LayoutError, match="multiplies i and z in its second layer"):
        import_checkpoint(two_layers)
    torch_like = torch_keys(Sizes(), 1)
    reverse = {f"{key}_reverse": value for key, value in torch_like.items()}
    with pytest.raises(LayoutError, match="pairs step t of one direction with step T-1-t"):
        import_checkpoint(torch_like | reverse, layout="ixaxaar")
    with pytest.raises(LayoutError, match="ixaxaar: excluded, its bidirectional=True"):
        import_checkpoint(torch_like | reverse)
