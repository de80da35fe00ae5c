"""An export folder: every file proved by running it, and what a lab needs to prove it again."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from spiking import SpikingNetwork
from spiking.errors import ExportError
from spiking.files import write_whole

from .drift import Drift, require_samples
from .golden import VERIFIER, make_golden, write_golden
from .network_file import save_network
from .nir_file import export_nir
from .nir_graph import PORTABLE_DT
from .onnx_file import export_onnx
from .quantize import require_on_grid

_GOLDEN_SAMPLES = 8
_FILES = {
    "network": "network.safetensors",
    "nir": "network.nir",
    "onnx": "network.onnx",
    "onnx streaming": "network.step.onnx",
    "golden": "golden.npz",
    "verifier": "verify.py",
}


@dataclass(frozen=True)
class Bundle:
    """The files that `export` wrote, and how each re-execution compared with the network.

    refused  formats that cannot carry this network, with the reason
    """

    files: dict[str, Path]
    drifts: dict[str, Drift]
    refused: dict[str, str]


def export(net: SpikingNetwork, folder: Path, x: Tensor, *, dt: float = PORTABLE_DT) -> Bundle:
    """Write `net` as NIR and ONNX (whole and streaming), with golden vectors and a verifier.

    x  inputs (batch, time, input) that every file is run on (streaming ONNX on the first 8, which
       become golden vectors)

    Raises ExportError where the network has no grid, GridError where it left it, DriftError where
    a file differs, EmptyDataError and ShapeError where x proves nothing or does not fit; then
    `folder` is as it was. A format that cannot carry the network (NIR, one-sided) is named in
    `refused`, and no file of an earlier export stays in its place.
    """
    require_on_grid(net)
    require_samples(x)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as beside:
        made = _written(net, Path(beside), x, dt=dt)
        for name, file in _FILES.items():
            if name in made.files:
                made.files[name].replace(folder / file)
            else:
                (folder / file).unlink(missing_ok=True)
    files = {name: folder / path.name for name, path in made.files.items()}
    return Bundle(files, made.drifts, made.refused)


def _written(net: SpikingNetwork, folder: Path, x: Tensor, *, dt: float) -> Bundle:
    """Write every file into an empty folder, each proved."""
    files = {name: folder / file for name, file in _FILES.items()}
    drifts, refused = {}, {}
    save_network(net, files["network"])
    try:
        drifts["nir"] = export_nir(net, files["nir"], x, dt=dt)
    except ExportError as error:
        if net.code.two_sided:
            raise
        refused["nir"] = str(error)
        del files["nir"]
    drifts["onnx"] = export_onnx(net, files["onnx"], x)
    drifts["onnx streaming"] = export_onnx(
        net, files["onnx streaming"], x[:_GOLDEN_SAMPLES], streaming=True
    )
    write_golden(make_golden(net, x[:_GOLDEN_SAMPLES], dt=dt), files["golden"])
    write_whole(files["verifier"], VERIFIER.encode())
    return Bundle(files, drifts, refused)
