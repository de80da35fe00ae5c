"""What was compared, with what, where and how to do it again."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from converter.digest import digest

_LIBRARIES = ("subspike", "torch", "numpy", "snntorch", "nir", "norse", "onnxruntime", "xylosim")


@dataclass(frozen=True)
class Identity:
    """The trace behind every number of a report.

    model        sha256 of the rate model's parameters
    data, split  name of the task and how it was split
    calibration  which samples the conversion saw ("none" without data)
    code         the spike code in words
    seed         of everything random
    device       where it ran
    versions     {"torch": "2.13.0", ...}
    commit       of the source, "unknown" outside a git checkout
    command      what was typed
    """

    model: str
    data: str
    split: str
    calibration: str
    code: str
    seed: int
    device: str
    versions: dict[str, str]
    commit: str
    command: str


def identify(
    model: nn.Module, *, data: str, split: str, calibration: str, code: str, seed: int, device: str
) -> Identity:
    """Gather the identity of a comparison from the model, this machine and this process."""
    return Identity(
        model=digest(model),
        data=data,
        split=split,
        calibration=calibration,
        code=code,
        seed=seed,
        device=device,
        versions=_versions(),
        commit=_commit(),
        command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    here = Path(__file__).parent
    command = [git, "-C", str(here), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    return done.stdout.strip() or "unknown"
