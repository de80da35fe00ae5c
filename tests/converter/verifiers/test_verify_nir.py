"""The NIR verifier, in every simulator that it knows: yes to a good folder, no to one change."""

import contextlib
import importlib.util
import io
import runpy
import subprocess
import sys
import warnings

import nir
import numpy as np
import pytest
import torch

from converter import export
from converter.verifiers import script
from tests.converter.small_models import random_net, random_x

SIMULATORS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(name) is None, reason=f"{name} is not installed"
        ),
    )
    for name in ("snntorch", "norse", "spikingjelly")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An export that every simulator finds its file in."""
    made = tmp_path_factory.mktemp("export")
    profiles = ("portable", "split")
    export(random_net(layers=2, hidden=3, levels=4), made, random_x(), profiles=profiles)
    return made


def verified(folder, simulator, monkeypatch) -> tuple[int, str]:
    """Exit code and last line of the folder's verifier, run in this process."""
    monkeypatch.setattr(sys, "argv", ["verify_nir.py", simulator])
    before, words, code = torch.get_default_dtype(), io.StringIO(), None
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(words):
            warnings.simplefilter("ignore")  # of the simulators
            runpy.run_path(str(folder / "verify_nir.py"))
    except SystemExit as ended:
        code = ended.code
    finally:
        torch.set_default_dtype(before)
    return code, words.getvalue().splitlines()[-1]


def copied(folder, into):
    """The export, to be spoiled."""
    for path in folder.iterdir():
        (into / path.name).write_bytes(path.read_bytes())
    return into


def spoiled(path, node, column) -> None:
    """One weight of one node becomes another."""
    graph = nir.read(path)
    graph.nodes[node].weight[0, column] += 30.0
    nir.write(path, graph)


GOOD = "0 of 3840 spikes differ, logits equal"


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_good_folder_and_one_change_of_it(simulator, folder, monkeypatch, tmp_path) -> None:
    assert verified(folder, simulator, monkeypatch) == (0, GOOD)
    bad = copied(folder, tmp_path)
    arrays = dict(np.load(bad / "golden.npz"))
    arrays["spikes.l1.s"].flat[5] ^= True
    np.savez(bad / "golden.npz", **arrays)
    assert verified(bad, simulator, monkeypatch) == (1, GOOD.replace("0", "1", 1))
    file = "network.split.nir" if simulator == "spikingjelly" else "network.nir"
    readout = max(name for name in nir.read(folder / file).nodes if name.startswith("n6_readout"))
    # its last columns are those of o; take one that has spikes
    busiest = np.load(folder / "golden.npz")["spikes.l1.o"].sum((0, 1)).argmax() - 3 * 4
    for node, place in ((readout, busiest), ("l0_n1_in", 0)):
        bad = copied(folder, tmp_path)
        spoiled(bad / file, node, place)
        code, words = verified(bad, simulator, monkeypatch)
        assert (code, words == GOOD) == (1, False)
        assert words.startswith("0 ") == (node == readout)


def test_it_needs_nothing_of_ours_and_is_short(folder) -> None:
    assert len(script("verify_nir.py").splitlines()) <= 70
    barred = "import sys; sys.modules.update(converter=None, spiking=None, onnxruntime=None)\n"
    program = f"{barred}sys.argv = ['', 'snntorch']\nexec(open('verify_nir.py').read())"
    program = program.replace("exec(", "__file__ = 'verify_nir.py'; exec(")
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, GOOD), done.stderr
