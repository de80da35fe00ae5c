"""The C++ core: compiled once by any compiler, kept in a cache, loaded with ctypes."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

FOLDER = Path(__file__).parent
_SOURCES = ("coded.cpp", "multi.cpp", "rate.cpp", "spike.cpp")
_COMPILERS = ("c++", "g++", "clang++")
# -ffast-math would set the whole process to flush denormals, and fold the rounding trick of exp
_FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
INSTRUCTION_SETS: dict[str, tuple[str, ...]] = {
    "AVX512": (
        "-mavx512f",
        "-mavx512bw",
        "-mavx512dq",
        "-mavx512vl",
        "-mavx2",
        "-mfma",
        "-DVL=16",
    ),
    "AVX2": ("-mavx2", "-mfma", "-DVL=8"),
    "DEFAULT": ("-DVL=4",),
}


@dataclass(frozen=True)
class Core:
    """The loaded core, or why there is none.

    library          ctypes handle, None without a core
    instruction_set  a key of INSTRUCTION_SETS
    detail           where the library lies, or what went wrong
    """

    library: ctypes.CDLL | None
    instruction_set: str
    detail: str


def best_instruction_set() -> str:
    """The widest set that this machine runs, as torch sees it."""
    found = torch.backends.cpu.get_cpu_capability()
    known = platform.machine() in ("x86_64", "AMD64") and found in INSTRUCTION_SETS
    return found if known else "DEFAULT"


@functools.cache
def core(instruction_set: str | None = None) -> Core:
    """Compile (once per source, flags and compiler) and load; never raises for a missing compiler.

    `SUBSPIKE_KERNELS=reference` in the environment turns the core off.
    """
    chosen = best_instruction_set() if instruction_set is None else instruction_set
    if os.environ.get("SUBSPIKE_KERNELS") == "reference":
        return Core(None, chosen, "turned off by SUBSPIKE_KERNELS=reference")
    compiler = os.environ.get("CXX") or next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        return Core(None, chosen, f"no C++ compiler: none of {', '.join(_COMPILERS)} is here")
    try:
        path = _compiled(compiler, (*_FLAGS, "-pthread", *INSTRUCTION_SETS[chosen]))
        return Core(ctypes.CDLL(str(path)), chosen, str(path))
    except subprocess.CalledProcessError as error:
        return Core(None, chosen, f"{compiler} failed: {error.stderr.strip()[-400:]}")
    except OSError as error:
        return Core(None, chosen, f"the core could not be built or loaded: {error}")


def _compiled(compiler: str, flags: tuple[str, ...]) -> Path:
    """Path of the library; compiled beside it first and renamed, so that it is always whole."""
    version = subprocess.run(  # noqa: S603  the user's own compiler
        [compiler, "--version"], capture_output=True, text=True, check=True
    ).stdout
    sources = [FOLDER / name for name in _SOURCES]
    texts = [path.read_bytes() for path in (*sources, *sorted(FOLDER.glob("*.h")))]
    key = hashlib.sha256(b"\0".join([version.encode(), *map(str.encode, flags), *texts]))
    folder = _cache()
    path = folder / f"core-{key.hexdigest()[:24]}.so"
    if not path.is_file():
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            made = Path(beside) / path.name
            command = [compiler, *flags, *map(str, sources), "-o", str(made)]
            subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
            made.replace(path)
    return path


def _cache() -> Path:
    """A folder of the user's own, as nobody else may place code there."""
    root = os.environ.get("SUBSPIKE_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(root).expanduser() / "subspike"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
