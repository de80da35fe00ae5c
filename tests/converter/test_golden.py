"""Golden vectors come back as they were made, and a forged file is refused."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from converter import make_golden, read_golden, to_onnx, write_golden
from converter.golden import VERIFIER
from spiking.errors import CheckpointError
from tests.converter.small_models import random_net, random_x


def made(**words):
    return make_golden(random_net(**words), random_x(), dt=1e-4)


@pytest.mark.parametrize("words", [{}, {"layers": 2, "levels": 4}, {"readout": False}])
def test_round_trip(words, tmp_path) -> None:
    golden = made(**words)
    write_golden(golden, tmp_path / "g.npz")
    found = read_golden(tmp_path / "g.npz")
    assert found.dt == golden.dt
    assert np.array_equal(found.x, golden.x)
    assert np.array_equal(found.output, golden.output)
    assert found.spikes.keys() == golden.spikes.keys()
    for name, raster in golden.spikes.items():
        assert raster.dtype == found.spikes[name].dtype == bool
        assert np.array_equal(found.spikes[name], raster)


def test_it_is_what_the_network_does() -> None:
    net, x = random_net(), random_x()
    golden = make_golden(net, x, dt=1e-4)
    with torch.no_grad():
        run = net.run(x, record=True)
    assert np.array_equal(golden.output, run.logits.numpy())
    assert np.array_equal(golden.spikes["l0.s"], run.spikes["l0.s"].numpy())
    assert golden.spikes["l0.z"].any()


def forged(path, **changes) -> None:
    write_golden(made(), path)
    arrays = dict(np.load(path))
    about = json.loads(bytes(arrays["about"])) | changes
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 2}, "schema 2"),
        ({"dt": "soon"}, "dt"),
        ({"populations": [1]}, "populations"),
        ({"populations": {"l0.z": [10**6, 10**6]}}, "population l0.z"),
        ({"populations": {"l9.z": [1]}}, "l9.z"),
        ({"populations": {"l0.z": "word"}}, "not whole"),
    ],
)
def test_forged_headers_are_named(changes, message, tmp_path) -> None:
    forged(tmp_path / "g.npz", **changes)
    with pytest.raises(CheckpointError, match=message):
        read_golden(tmp_path / "g.npz")


def test_another_npz_is_no_golden_vectors(tmp_path) -> None:
    np.savez(tmp_path / "g.npz", x=np.zeros(3))
    with pytest.raises(CheckpointError, match="about"):
        read_golden(tmp_path / "g.npz")


def verified(folder) -> str:
    """What the verifier says of a folder; its exit code must agree."""
    done = subprocess.run(
        [sys.executable, folder / "verify.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == (0 if done.stdout.endswith(" equal\n") else 1), done.stderr
    return done.stdout


def test_the_verifier_runs_whichever_onnx_file_is_there(tmp_path) -> None:
    (tmp_path / "verify.py").write_text(VERIFIER)
    assert len(VERIFIER.splitlines()) <= 45
    net = random_net(layers=2)
    write_golden(make_golden(net, random_x(), dt=1e-4), tmp_path / "golden.npz")
    assert verified(tmp_path).endswith("DIFFER\n")
    step, whole = tmp_path / "network.step.onnx", tmp_path / "network.onnx"
    step.write_bytes(to_onnx(net, streaming=True).SerializeToString())
    assert verified(tmp_path) == "0 differing spikes, outputs equal\n"
    whole.write_bytes(to_onnx(net).SerializeToString())
    assert verified(tmp_path) == "0 differing spikes, outputs equal\n"
    step.write_bytes(to_onnx(random_net(5, layers=2), streaming=True).SerializeToString())
    assert verified(tmp_path).endswith("DIFFER\n")
