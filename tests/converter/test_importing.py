"""From a file on disk to a model, whoever wrote the file."""

import collections
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from converter.checkpoint import load_checkpoint, save_checkpoint
from converter.importing import import_checkpoint
from converter.proof import Proof
from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import CheckpointError, LayoutError
from tests.converter.plain_layouts import (
    Sizes,
    michael1788_keys,
    miltonllera_basic_keys,
    neuralml_keys,
    run_michael1788,
    run_miltonllera_basic,
)

X = np.random.default_rng(0).normal(size=(3, 8, 3))


def single(state: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return collections.OrderedDict(
        (name, torch.from_numpy(value).float()) for name, value in state.items()
    )


def test_training_file_of_the_benchmarks(tmp_path: Path) -> None:
    """miltonllera's seqMNIST/run.py saves a dictionary around the state_dict."""
    state = miltonllera_basic_keys(Sizes(layers=2, classes=10), 1)
    optimiser = torch.optim.RMSprop([torch.nn.Parameter(torch.ones(2))]).state_dict()
    torch.save(
        {
            "model_params": {"model_type": "subLSTM", "hidden_size": 5},
            "epoch": 3,
            "model_state": single(state),
            "optimizer_state": optimiser,
            "loss": 0.25,
        },
        tmp_path / "model.pt",
    )
    imported = import_checkpoint(tmp_path / "model.pt")
    assert (imported.layout, imported.settled_by) == ("miltonllera-basic", "keys")
    assert isinstance(imported.model, SubLSTMClassifier)
    logits = imported.model(torch.from_numpy(X).float()).detach().numpy()
    np.testing.assert_allclose(logits, run_miltonllera_basic(state, X).logits, rtol=1e-4, atol=1e-4)


def test_arrays_of_tensorflow(tmp_path: Path) -> None:
    state = michael1788_keys(Sizes(classes=10), 1)
    with (tmp_path / "x.npz").open("wb") as handle:
        np.savez(handle, **{name: value.astype(np.float32) for name, value in state.items()})
    model = import_checkpoint(str(tmp_path / "x.npz")).model
    assert isinstance(model, SubLSTMClassifier)
    assert model.readout_activation == "relu"
    logits = model(torch.from_numpy(X).float()).detach().numpy()
    assert logits.min() >= 0.0
    np.testing.assert_allclose(logits, run_michael1788(state, X).logits, rtol=1e-4, atol=1e-4)


def test_safetensors_of_others(tmp_path: Path) -> None:
    save_file(single(neuralml_keys(Sizes())), tmp_path / "x.safetensors", {"format": "pt"})
    assert import_checkpoint(tmp_path / "x.safetensors").layout == "neuralml"


def test_imported_model_survives_our_own_format(tmp_path: Path) -> None:
    model = import_checkpoint(neuralml_keys(Sizes(layers=2, fixed=True, classes=4))).model
    save_checkpoint(model, tmp_path / "x.safetensors")
    x = torch.from_numpy(X)
    assert torch.equal(load_checkpoint(tmp_path / "x.safetensors")(x), model(x))


def test_our_own_file_needs_no_guess(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    torch.manual_seed(0)
    model = SubLSTM(3, 5, activation="hard_sigmoid")
    save_checkpoint(model, path)
    imported = import_checkpoint(path)
    assert (imported.layout, imported.settled_by, imported.notes) == ("subspike", "header", ())
    assert repr(imported.model) == repr(model)
    with pytest.raises(LayoutError, match="its header says 'subspike', not layout='ixaxaar'"):
        import_checkpoint(path, layout="ixaxaar")


def test_our_own_file_is_held_to_a_proof(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    torch.manual_seed(0)
    model = SubLSTM(3, 5)
    save_checkpoint(model, path)
    x = torch.from_numpy(X).float()
    output = model(x.transpose(0, 1))[0].detach().transpose(0, 1)
    imported = import_checkpoint(path, proof=Proof(x, output))
    assert imported.scores[0].startswith("subspike: largest relative error")
    with pytest.raises(LayoutError, match="no candidate is within"):
        import_checkpoint(path, proof=Proof(x, output + 0.1))


def test_empty_state_dict_is_refused() -> None:
    with pytest.raises(CheckpointError, match="not named tensors"):
        import_checkpoint({})
