"""An export folder: every file proved by running it, and what a lab needs to prove it again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from spiking import CodedNetwork, SpikingNetwork
from spiking.errors import DriftError, ExportError
from spiking.files import write_whole

from .dialect import NEWEST
from .drift import Drift, require_samples
from .golden import make_golden, write_golden
from .network_file import save_network
from .nir_file import export_nir
from .nir_graph import PORTABLE_DT, profile_named
from .onnx_file import export_onnx
from .profiles import PROFILES
from .quantize import require_on_grid
from .verifiers import script

_GOLDEN_SAMPLES = 8
_NIR = {name: "nir" if name == "portable" else f"nir {name}" for name in PROFILES}
_FILES = {
    "network": "network.safetensors",
    **{key: f"network{key[3:].replace(' ', '.')}.nir" for key in _NIR.values()},
    "onnx": "network.onnx",
    "onnx streaming": "network.step.onnx",
    "golden": "golden.npz",
    "verifier": "verify.py",
    "verifier nir": "verify_nir.py",
}


@dataclass(frozen=True)
class Bundle:
    """The files that `export` wrote, and how each re-execution compared with the network.

    files    {"network": ..., "nir": ..., "nir split": ..., "onnx": ..., "onnx streaming": ...,
             "golden": ..., "verifier": ..., "verifier nir": ...}, those that were written
    drifts   of every NIR and ONNX file
    refused  files that cannot carry this network, with the reason
    """

    files: dict[str, Path]
    drifts: dict[str, Drift]
    refused: dict[str, str]


def export(
    net: SpikingNetwork | CodedNetwork,
    folder: Path,
    x: Tensor,
    *,
    profiles: Sequence[str] = ("portable",),
    dialect: str = NEWEST,
    weights: str = "float",
    dt: float = PORTABLE_DT,
) -> Bundle:
    """Write `net` as NIR and ONNX (whole and streaming), with golden vectors and verifiers.

    x         inputs (batch, time, input) that every file is run on (streaming ONNX on the first 8,
              which become golden vectors)
    profiles  of PROFILES, a NIR file each
    dialect   of the NIR files, see `to_nir`
    weights   of the ONNX files, "float" or "int8", see `to_onnx`
    dt        seconds per step

    Raises ExportError where the network has no grid, GridError where it left it, DriftError where
    a file differs, ConfigError for an unknown profile, dialect or storage, EmptyDataError and
    ShapeError where x proves nothing or does not fit; then `folder` is as it was. A file that
    cannot carry the network (NIR, one-sided) is named in `refused`; no file of an earlier export
    stays in its place, and other profiles' files of an earlier export go as well.
    """
    require_on_grid(net)
    require_samples(x)
    names = [profile_named(profile).name for profile in profiles]
    made: Any = net  # what a format cannot carry it refuses itself
    nir = partial(export_nir, made, x=x, dialect=dialect, dt=dt)
    onnx = partial(export_onnx, made, weights=weights, dt=dt)
    formats: dict[str, Callable[[Path], Drift]] = {
        **{_NIR[name]: partial(nir, profile=name) for name in names},
        "onnx": partial(onnx, x=x),
        "onnx streaming": partial(onnx, x=x[:_GOLDEN_SAMPLES], streaming=True),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as place:
        beside = Path(place)
        save_network(net, beside / _FILES["network"])
        drifts, refused = _proved(formats, beside)
        carried = [name for name in names if _NIR[name] in drifts]
        golden = make_golden(net, x[:_GOLDEN_SAMPLES], dt=dt, profiles=carried)
        write_golden(golden, beside / _FILES["golden"])
        verifiers = {"verifier": ("onnx",), "verifier nir": ("nir", "nir split")}
        for name, checks in verifiers.items():
            if any(each in drifts for each in checks):
                write_whole(beside / _FILES[name], script(_FILES[name]))
        return Bundle(_moved(beside, folder), drifts, refused)


def nir_name(profile: str) -> str:
    """What the NIR file of a profile is called in an export folder."""
    return _FILES[_NIR[profile_named(profile).name]]


def _proved(
    formats: Mapping[str, Callable[[Path], Drift]], folder: Path
) -> tuple[dict[str, Drift], dict[str, str]]:
    """Every format that carries the network, written and proved, and why the others do not."""
    drifts, refused = {}, {}
    for name, write in formats.items():
        try:
            drifts[name] = write(folder / _FILES[name])
        except DriftError:
            raise
        except ExportError as error:
            refused[name] = str(error)
    return drifts, refused


def _moved(beside: Path, folder: Path) -> dict[str, Path]:
    """What was written takes its place; what was not leaves none of an earlier export."""
    files = {}
    for name, file in _FILES.items():
        if (beside / file).exists():
            (beside / file).replace(folder / file)
            files[name] = folder / file
        else:
            (folder / file).unlink(missing_ok=True)
    return files
