"""An export folder holds every file, each proved, and a verifier that needs no Python model."""

import importlib.metadata
import subprocess
import sys

import numpy as np
import pytest
import torch

from converter import convert, export, load_network, load_onnx, read_golden, read_nir, to_nir
from spiking.errors import DriftError, EmptyDataError, ExportError, ShapeError
from tests.converter.small_models import numbers, random_net, random_rate, random_x, same_numbers

FILES = {
    "network.safetensors",
    "network.nir",
    "network.onnx",
    "network.step.onnx",
    "golden.npz",
    "verify.py",
}


def test_every_file_is_written_and_proved(tmp_path) -> None:
    net, x = random_net(), random_x(batch=12)
    bundle = export(net, tmp_path / "new" / "folder", x)
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == FILES
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


def verified(folder) -> subprocess.CompletedProcess[str]:
    """Run the folder's own verifier, where only numpy and onnxruntime can be imported."""
    blocker = (
        "import runpy, sys\n"
        "for name in ('torch', 'snntorch', 'nir', 'converter', 'spiking'):\n"
        "    sys.modules[name] = None\n"
        f"runpy.run_path({str(folder / 'verify.py')!r}, run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", blocker], capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.mark.parametrize("readout", [True, False])
def test_the_verifier_says_yes_and_no(readout, tmp_path) -> None:
    assert importlib.metadata.version("onnxruntime")
    bundle = export(random_net(readout=readout), tmp_path, random_x())
    done = verified(tmp_path)
    assert (done.returncode, done.stdout) == (0, "0 differing spikes, outputs equal\n"), done.stderr
    arrays = dict(np.load(bundle.files["golden"]))
    arrays["spikes.l0.z"] = arrays["spikes.l0.z"] ^ np.uint8(1 << 7)
    np.savez(bundle.files["golden"], **arrays)
    done = verified(tmp_path)
    assert done.returncode == 1
    assert done.stdout == "160 differing spikes, outputs equal\n"


def test_a_format_that_cannot_carry_the_network_is_named_and_its_old_file_goes(tmp_path) -> None:
    export(random_net(), tmp_path, random_x())
    bundle = export(random_net(two_sided=False), tmp_path, random_x())
    assert "one-sided" in bundle.refused["nir"]
    assert "nir" not in bundle.files
    assert {path.name for path in tmp_path.iterdir()} == FILES - {"network.nir"}


def test_what_cannot_be_exported_writes_nothing(tmp_path) -> None:
    folder = tmp_path / "none"
    with pytest.raises(ExportError, match="call quantize"):
        export(convert(random_rate()).network, folder, random_x())
    with pytest.raises(EmptyDataError):
        export(random_net(), folder, torch.zeros(0, 3, 3))
    assert not folder.exists()


def test_a_failed_export_leaves_the_folder_as_it_was(monkeypatch, tmp_path) -> None:
    export(random_net(), tmp_path, random_x())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    wrong = to_nir(random_net(5))
    monkeypatch.setattr("converter.nir_file.to_nir", lambda net, *, dt: wrong)
    with pytest.raises(DriftError, match=r"network\.nir"):
        export(random_net(1), tmp_path, random_x())
    with pytest.raises(ShapeError):
        export(random_net(1), tmp_path, random_x()[..., :2])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
