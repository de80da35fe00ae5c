"""Every number can be traced: which model, which data, which versions, which commit."""

import re

import torch

from converter.digest import digest
from subspike.identity import identify


def test_an_identity_names_what_was_compared() -> None:
    model = torch.nn.Linear(2, 3)
    words = {"data": "a", "split": "b", "calibration": "c", "code": "d", "seed": 4, "device": "cpu"}
    found = identify(model, **words)
    for name, value in words.items():
        assert getattr(found, name) == value
    assert found.model == digest(model)
    assert found.versions["torch"] == torch.__version__.split("+")[0] or torch.__version__
    assert {"python", "numpy", "nir", "onnxruntime"} <= found.versions.keys()
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", found.commit)
    assert found.command


def test_without_git_the_commit_is_unknown(monkeypatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    words = {"data": "", "split": "", "calibration": "", "code": "", "seed": 0, "device": "cpu"}
    assert identify(torch.nn.Linear(1, 1), **words).commit == "unknown"
