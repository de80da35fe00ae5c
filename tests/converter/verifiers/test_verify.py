"""The ONNX verifier says yes to a good folder, and no to one changed number of it."""

import subprocess
import sys

import numpy as np
import onnx
import pytest

from converter import export
from converter.verifiers import script
from tests.converter.small_models import random_net, random_x

GOOD = "0 differing spikes, outputs equal\n"
# what a lab without this project has not
BARRED = ("torch", "snntorch", "nir", "onnx", "converter", "spiking")


def verified(folder) -> tuple[int, str]:
    """Exit code and words of the folder's verifier, where nothing of ours can be imported."""
    barred = "".join(f"sys.modules[{name!r}] = None\n" for name in BARRED)
    program = f"import runpy, sys\n{barred}runpy.run_path('verify.py', run_name='__main__')\n"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return done.returncode, done.stdout + done.stderr


def changed(path, name, at) -> None:
    """One number of a constant becomes another."""
    model = onnx.load(path)
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    values = onnx.numpy_helper.to_array(tensor).copy()
    values.flat[at] += 1.0
    tensor.CopyFrom(onnx.numpy_helper.from_array(values, name))
    onnx.save(model, path)


def test_it_is_short() -> None:
    assert len(script("verify.py").splitlines()) <= 40


@pytest.mark.parametrize("readout", [True, False])
def test_a_good_folder_and_one_golden_bit(readout, tmp_path) -> None:
    bundle = export(random_net(layers=2, readout=readout), tmp_path, random_x(batch=12))
    assert verified(tmp_path) == (0, GOOD)
    arrays = dict(np.load(bundle.files["golden"]))
    arrays["spikes.l1.o"].flat[17] ^= True
    np.savez(bundle.files["golden"], **arrays)
    # once in the whole-sequence model, once in the stepped one
    assert verified(tmp_path) == (1, "2 differing spikes, outputs equal\n")


@pytest.mark.parametrize("file", ["onnx", "onnx streaming"])
def test_one_weight_of_either_file(file, tmp_path) -> None:
    bundle = export(random_net(), tmp_path, random_x())
    changed(bundle.files[file], "readout.weight", 0)
    assert verified(tmp_path) == (1, GOOD.replace("equal", "DIFFER"))
    export(random_net(), tmp_path, random_x())
    changed(bundle.files[file], "l0.weight_ih", 0)
    code, words = verified(tmp_path)
    assert (code, words.startswith("0 ")) == (1, False), words


def test_a_folder_without_a_model_proves_nothing(tmp_path) -> None:
    bundle = export(random_net(), tmp_path, random_x())
    bundle.files["onnx"].unlink()
    assert verified(tmp_path) == (0, GOOD)
    bundle.files["onnx streaming"].unlink()
    assert verified(tmp_path) == (1, GOOD.replace("equal", "DIFFER"))
