"""An export folder is complete, proved, and as it was before when anything fails."""

import pytest
import torch

from converter import convert, export, load_network, load_onnx, read_golden, read_nir, to_nir
from spiking.errors import ConfigError, DriftError, EmptyDataError, ExportError, ShapeError
from tests.converter.small_models import numbers, random_net, random_rate, random_x, same_numbers

FILES = {
    "network.safetensors",
    "network.nir",
    "network.onnx",
    "network.step.onnx",
    "golden.npz",
    "verify.py",
    "verify_nir.py",
}


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_every_file_is_written_and_proved(tmp_path) -> None:
    net, x = random_net(), random_x(batch=12)
    bundle = export(net, tmp_path / "new" / "folder", x)
    assert names(tmp_path / "new" / "folder") == FILES
    assert {path.name for path in bundle.files.values()} == FILES
    assert {name: found.differing for name, found in bundle.drifts.items()} == {
        "nir": 0,
        "onnx": 0,
        "onnx streaming": 0,
    }
    assert bundle.refused == {}
    assert same_numbers(numbers(load_network(bundle.files["network"])), numbers(net))
    assert len(read_golden(bundle.files["golden"]).x) == 8
    read_nir(bundle.files["nir"])
    load_onnx(bundle.files["onnx streaming"])


def test_every_profile_that_is_asked_for_is_a_file_and_the_next_export_removes_it(tmp_path) -> None:
    profiles = ("portable", "split", "li", "readable", "stepwise")
    bundle = export(random_net(), tmp_path, random_x(), profiles=profiles)
    assert names(tmp_path) == FILES | {f"network.{name}.nir" for name in profiles[1:]}
    assert {name for name in bundle.drifts if name.startswith("nir")} == {
        "nir",
        *(f"nir {name}" for name in profiles[1:]),
    }
    assert not any(found.differing for found in bundle.drifts.values())
    for name in profiles[1:]:
        assert read_nir(bundle.files[f"nir {name}"]).nodes
    export(random_net(), tmp_path, random_x(), profiles=())
    assert names(tmp_path) == FILES - {"network.nir", "verify_nir.py"}


def test_int8_weights_make_smaller_files_with_the_same_spikes(tmp_path) -> None:
    net = random_net(hidden=40, levels=4)
    large = export(net, tmp_path / "float", random_x()).files["onnx"].stat().st_size
    bundle = export(net, tmp_path / "int8", random_x(), weights="int8")
    assert "call quantize(net, weight_bits=" in bundle.refused["onnx"]
    assert names(tmp_path / "int8") == FILES - {"network.onnx", "network.step.onnx", "verify.py"}
    coarse = random_net(hidden=40, levels=4, weight_bits=5)
    bundle = export(coarse, tmp_path / "int8", random_x(), weights="int8")
    assert bundle.drifts["onnx"].differing == 0
    assert bundle.files["onnx"].stat().st_size < 0.5 * large


def test_a_format_that_cannot_carry_the_network_is_named_and_its_old_file_goes(tmp_path) -> None:
    export(random_net(), tmp_path, random_x())
    bundle = export(random_net(two_sided=False), tmp_path, random_x(), profiles=("portable", "li"))
    assert "one-sided" in bundle.refused["nir"]
    assert "nir" not in bundle.files
    assert names(tmp_path) == FILES - {"network.nir", "verify_nir.py"} | {"network.li.nir"}


def test_what_cannot_be_exported_writes_nothing(tmp_path) -> None:
    folder = tmp_path / "none"
    with pytest.raises(ExportError, match="call quantize"):
        export(convert(random_rate()).network, folder, random_x())
    with pytest.raises(EmptyDataError):
        export(random_net(), folder, torch.zeros(0, 3, 3))
    with pytest.raises(ConfigError, match="profile 'best' is not known"):
        export(random_net(), folder, random_x(), profiles=("portable", "best"))
    assert not folder.exists()


def test_a_failed_export_leaves_the_folder_as_it_was(monkeypatch, tmp_path) -> None:
    export(random_net(), tmp_path, random_x())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    wrong = to_nir(random_net(5))
    monkeypatch.setattr("converter.nir_file.to_nir", lambda net, **words: wrong)
    with pytest.raises(DriftError, match=r"network\.nir"):
        export(random_net(1), tmp_path, random_x())
    monkeypatch.undo()
    for words, error in (
        ({"weights": "int4"}, ConfigError),
        ({"dialect": "9"}, ConfigError),
        ({"dt": 0.0}, ConfigError),
    ):
        with pytest.raises(error):
            export(random_net(1), tmp_path, random_x(), **words)
    with pytest.raises(ShapeError):
        export(random_net(1), tmp_path, random_x()[..., :2])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
