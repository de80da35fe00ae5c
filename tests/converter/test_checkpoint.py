"""Our own checkpoints come back bit for bit, and no other file comes back at all."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load, save
from torch import Tensor, nn

from converter.checkpoint import METADATA_KEY, load_checkpoint, save_checkpoint
from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import CheckpointError, ConfigError, NotFiniteError, ShapeError


def classifier(**words: Any) -> SubLSTMClassifier:
    torch.manual_seed(1)
    rnn = SubLSTM(3, 4, 2, batch_first=True, **words)
    return SubLSTMClassifier(rnn, nn.Linear(4 * rnn.num_directions, 5), readout_activation="relu")


@given(
    inputs=st.integers(1, 4),
    hidden=st.integers(1, 4),
    layers=st.integers(1, 3),
    bias=st.booleans(),
    batch_first=st.booleans(),
    bidirectional=st.booleans(),
    forget=st.sampled_from(["gated", "fixed"]),
    activation=st.sampled_from(["sigmoid", "hard_sigmoid"]),
    cell=st.sampled_from([None, "sigmoid", "hard_sigmoid", "tanh"]),
    dtype=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
)
@settings(max_examples=40, deadline=None)
def test_round_trip_is_exact(
    tmp_path_factory: pytest.TempPathFactory,
    inputs: int,
    hidden: int,
    layers: int,
    *,
    bias: bool,
    batch_first: bool,
    bidirectional: bool,
    forget: str,
    activation: str,
    cell: str | None,
    dtype: torch.dtype,
) -> None:
    model = SubLSTM(
        inputs,
        hidden,
        layers,
        bias,
        batch_first,
        0.25,
        bidirectional,
        forget=forget,
        activation=activation,
        cell_activation=cell,
        t_max=17,
        dtype=dtype,
    )
    path = tmp_path_factory.mktemp("own") / "x.safetensors"
    save_checkpoint(model, path)
    found = load_checkpoint(path)
    assert isinstance(found, SubLSTM)
    assert repr(found) == repr(model)
    assert (found.bias, found.dropout, found.t_max) == (bias, 0.25, 17)
    assert found.batch_first == batch_first
    assert not found.training
    for name, value in model.state_dict().items():
        assert torch.equal(found.state_dict()[name], value)
        assert found.state_dict()[name].dtype == dtype


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_classifier_round_trip_gives_equal_logits(
    tmp_path: Path, *, bias: bool, bidirectional: bool
) -> None:
    rnn = SubLSTM(3, 4, batch_first=True, bidirectional=bidirectional, forget="fixed")
    model = SubLSTMClassifier(rnn, nn.Linear(4 * rnn.num_directions, 5, bias=bias))
    save_checkpoint(model, tmp_path / "x.safetensors", notes={"task": "digits"})
    found = load_checkpoint(tmp_path / "x.safetensors")
    assert isinstance(found, SubLSTMClassifier)
    x = torch.randn(2, 7, 3)
    assert torch.equal(found(x), model(x))
    assert all(value.requires_grad for value in found.parameters())


def test_readout_activation_comes_back(tmp_path: Path) -> None:
    save_checkpoint(classifier(), tmp_path / "x.safetensors")
    found = load_checkpoint(tmp_path / "x.safetensors")
    assert isinstance(found, SubLSTMClassifier)
    assert found.readout_activation == "relu"


def test_loading_draws_no_random_number(tmp_path: Path) -> None:
    save_checkpoint(classifier(forget="fixed"), tmp_path / "x.safetensors")
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    load_checkpoint(tmp_path / "x.safetensors")
    assert torch.equal(torch.rand(3), wanted)


def test_same_model_same_bytes_and_any_reader_opens_them(tmp_path: Path) -> None:
    one, other = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    save_checkpoint(classifier(), one, notes={"b": "2", "a": "1"})
    save_checkpoint(classifier(), other, notes={"a": "1", "b": "2"})
    assert one.read_bytes() == other.read_bytes()
    with safe_open(one, "pt") as opened:
        description = json.loads(opened.metadata()[METADATA_KEY])
        assert description["notes"] == {"a": "1", "b": "2"}
        assert description["schema"] == 1
        assert set(opened.keys()) == set(classifier().state_dict())


def rewritten(
    path: Path,
    *,
    description: Callable[[dict[str, Any]], object] | None = None,
    tensors: Callable[[dict[str, Tensor]], object] | None = None,
) -> None:
    """Change a saved file's description or tensors and write it as a valid safetensors file."""
    with safe_open(path, "pt") as opened:
        words = json.loads(opened.metadata()[METADATA_KEY])
    weights = load(path.read_bytes())
    if description:
        description(words)
    if tensors:
        tensors(weights)
    path.write_bytes(save(weights, {METADATA_KEY: json.dumps(words)}))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "x.safetensors"
    save_checkpoint(classifier(), path, notes={"task": "digits"})
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema=2), "has schema 2; this version reads 1"),
        (lambda d: d.update(schema=True), "has schema True"),
        (lambda d: d.update(colour="red"), r"unknown fields \['colour'\]"),
        (lambda d: d.pop("sha256"), r"missing fields \['sha256'\]"),
        (lambda d: d.update({"class": "LSTM"}), "names the class 'LSTM'"),
        (lambda d: d.update({"class": "SubLSTM"}), "gives a SubLSTM a readout"),
        (lambda d: d.update(rnn=[1]), "rnn is list, not an object"),
        (lambda d: d["rnn"].update(size=1), r"rnn: missing fields \[\], unknown fields \['size'\]"),
        (lambda d: d["rnn"].update(bias=1), "bias is 1, not bool"),
        (lambda d: d["rnn"].update(hidden_size=True), "hidden_size is True, not int"),
        (lambda d: d["rnn"].update(hidden_size=10**30), "hidden_size is 10{30}; the tensors allow"),
        (lambda d: d["rnn"].update(num_layers=10**9), "num_layers is 10{9}; the tensors allow"),
        (lambda d: d["rnn"].update(input_size=0), "input_size is 0; the tensors allow"),
        (lambda d: d["readout"].update(out_features=10**12), "out_features is 10{12}"),
        (lambda d: d["rnn"].update(forget="leaky"), "cannot be: forget='leaky'"),
        (lambda d: d["rnn"].update(t_max=10**400), "the described model cannot be"),
        (lambda d: d["readout"].update(activation="gelu"), "cannot be: readout_activation='gelu'"),
        (lambda d: d["rnn"].update(bias=False), r"unexpected tensors \['rnn\.bias_hh_l0'"),
        (lambda d: d["rnn"].update(num_layers=3), r"missing tensors \['rnn\.bias_hh_l2'"),
        (lambda d: d.update(shapes={}), "shapes in the description"),
        (lambda d: d.update(sha256="0" * 64), "sha256 differs"),
        (lambda d: d.update(notes={"a": 1}), "notes that are not text"),
        (lambda d: d["rnn"].update(dropout=0.5), "sha256 differs"),
        (lambda d: d["notes"].update(task="letters"), "sha256 differs"),
    ],
)
def test_wrong_descriptions_are_named(
    saved: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    rewritten(saved, description=change)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved)


def test_changed_shape_names_tensor_found_and_needed(saved: Path) -> None:
    rewritten(saved, tensors=lambda t: t.update({"readout.weight": torch.ones(5, 3)}))
    with pytest.raises(ShapeError, match=r"readout\.weight has shape \(5, 3\).* needs \(5, 4\)"):
        load_checkpoint(saved)


def test_missing_extra_and_mixed_tensors_are_named(saved: Path) -> None:
    original = saved.read_bytes()
    rewritten(saved, tensors=lambda t: t.pop("readout.bias"))
    with pytest.raises(CheckpointError, match=r"missing tensors \['readout\.bias'\]"):
        load_checkpoint(saved)
    saved.write_bytes(original)
    rewritten(saved, tensors=lambda t: t.update(extra=torch.ones(1)))
    with pytest.raises(CheckpointError, match=r"unexpected tensors \['extra'\]"):
        load_checkpoint(saved)
    saved.write_bytes(original)
    rewritten(saved, tensors=lambda t: t.update({"readout.bias": torch.ones(5).double()}))
    with pytest.raises(CheckpointError, match="several dtypes"):
        load_checkpoint(saved)


def test_changed_numbers_are_named(saved: Path) -> None:
    rewritten(saved, tensors=lambda t: t["readout.bias"].add_(1.0))
    with pytest.raises(CheckpointError, match="sha256 differs"):
        load_checkpoint(saved)
    rewritten(saved, tensors=lambda t: t["rnn.weight_hh_l1"].__setitem__((2, 3), torch.nan))
    with pytest.raises(NotFiniteError, match=r"weight_hh_l1 holds 1 of 64 .* index \(2, 3\)"):
        load_checkpoint(saved)


def test_integers_are_refused(saved: Path) -> None:
    rewritten(saved, tensors=lambda t: t.update({"readout.bias": torch.ones(5).long()}))
    with pytest.raises(CheckpointError, match=r"'readout\.bias': dtype 'I64'"):
        load_checkpoint(saved)


@given(position=st.floats(0.0, 1.0, exclude_max=True), flip=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_any_flipped_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, position: float, flip: int
) -> None:
    """Except in JSON's own freedom, such as 1.0 or 1e0, which changes neither value nor word."""
    path = tmp_path_factory.mktemp("flip") / "x.safetensors"
    model = classifier()
    save_checkpoint(model, path)
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= flip
    path.write_bytes(bytes(data))
    try:
        found = load_checkpoint(path)
    except (CheckpointError, ShapeError, NotFiniteError):
        return
    assert repr(found) == repr(model.eval())
    for name, value in model.state_dict().items():
        assert torch.equal(found.state_dict()[name], value)


def test_truncated_file_is_named(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="the file holds"):
        load_checkpoint(saved)


def test_files_of_others_are_sent_to_import(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(save({"a": torch.ones(2)}))
    with pytest.raises(CheckpointError, match="import_checkpoint"):
        load_checkpoint(path)
    path.write_bytes(struct.pack("<Q", 2) + b"{}")
    with pytest.raises(CheckpointError, match="import_checkpoint"):
        load_checkpoint(path)


def test_what_cannot_be_saved_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    broken = classifier()
    with torch.no_grad():
        broken.readout.weight[1, 2] = torch.inf
    with pytest.raises(NotFiniteError, match=r"readout\.weight holds 1 of 20 .* \(1, 2\)"):
        save_checkpoint(broken, path)
    with pytest.raises(ConfigError, match="Linear cannot be saved"):
        save_checkpoint(nn.Linear(1, 1), path)  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ConfigError, match="suffix"):
        save_checkpoint(classifier(), tmp_path / "x.pt")
    with pytest.raises(ConfigError, match="text to text"):
        save_checkpoint(classifier(), path, notes={"a": 1})  # type: ignore[dict-item]  # as above
    with pytest.raises(ConfigError, match="header longer"):
        save_checkpoint(classifier(), path, notes={"a": "x" * (1 << 20)})
    mixed = classifier()
    mixed.readout.double()
    with pytest.raises(ConfigError, match="same dtype"):
        save_checkpoint(mixed, path)

    class Larger(SubLSTM):
        def __init__(self) -> None:
            super().__init__(2, 2)
            self.extra = nn.Parameter(torch.ones(1))

    with pytest.raises(ConfigError, match="Larger has parameters"):
        save_checkpoint(Larger(), path)
    assert list(tmp_path.iterdir()) == []
