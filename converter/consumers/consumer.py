"""Other people's software that reads our files: what each is called, reads, and needs."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Consumer:
    """A library that runs NIR or ONNX files.

    name      as users write it; its worker is workers/NAME_worker.py
    module    what it is imported as
    release   that our presets and verdicts were fitted to
    profile   of ours that it reads; "onnx" for an engine
    importer  of its own that its worker calls; "" where the worker maps the nodes, because the
              library has none
    command   that installs it
    dialect   of NIR that it reads
    apart     it lives in a place of its own, which `scripts/consumers NAME` builds
    ours      its worker imports this project, and so runs in our interpreter
    """

    name: str
    module: str
    release: str
    profile: str
    importer: str
    command: str
    dialect: str = "1.0.8"
    apart: bool = False
    ours: bool = False

    @property
    def python(self) -> Path | None:
        """The interpreter that runs its worker; None where the library is not installed."""
        if self.apart:
            here = (self.place / FINISHED).exists()
        else:
            here = importlib.util.find_spec(self.module) is not None
        own = self.apart and not self.ours
        return (self.place / "bin" / "python" if own else Path(sys.executable)) if here else None

    @property
    def place(self) -> Path:
        """Where it lives if it lives apart."""
        return environments() / self.name

    @property
    def worker(self) -> Path:
        """The program that runs files in it."""
        return Path(__file__).parent / "workers" / f"{self.name}_worker.py"


# what `scripts/consumers` writes into an environment last
FINISHED = "finished.txt"


def environments() -> Path:
    """Where `scripts/consumers` puts environments; SUBSPIKE_CONSUMERS names another place."""
    given = os.environ.get("SUBSPIKE_CONSUMERS")
    if given:
        return Path(given)
    root = os.environ.get("SUBSPIKE_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "subspike" / "consumers"


def _apart(name: str, module: str, release: str, profile: str, importer: str) -> Consumer:
    command = f"scripts/consumers {name}"
    return Consumer(name, module, release, profile, importer, command, apart=True)


CONSUMERS: dict[str, Consumer] = {
    each.name: each
    for each in (
        _apart("lava", "lava", "0.10.0", "split", ""),
        _apart("nengo", "nengo", "4.1.0", "portable", ""),
        Consumer(
            "norse",
            "norse",
            "1.1.0",
            "portable",
            "norse.torch.from_nir",
            "pip install 'subspike[norse]'",
        ),
        _apart(
            "sc_neurocore", "sc_neurocore", "3.16.0", "portable", "sc_neurocore.nir_bridge.from_nir"
        ),
        Consumer(
            "sinabs",
            "sinabs",
            "3.1.3",
            "stepwise",
            "sinabs.nir.from_nir",
            "scripts/consumers sinabs",
            dialect="1.0.4",
            apart=True,
        ),
        Consumer(
            "snntorch",
            "snntorch",
            "1.0.0",
            "portable",
            "snntorch.import_nir.import_from_nir",
            "pip install snntorch",
        ),
        Consumer(
            "spikingjelly",
            "spikingjelly",
            "2.0.0",
            "split",
            "spikingjelly.activation_based.nir_exchange.import_from_nir",
            "pip install --no-deps spikingjelly loguru",
        ),
        _apart("spyx", "spyx", "1.0.0", "portable", "spyx.nir.from_nir"),
    )
}


def _engine(name: str, module: str, release: str, importer: str) -> Consumer:
    return Consumer(name, module, release, "onnx", importer, f"pip install {module}", ours=True)


# engines for ONNX files; each runs in a process of this environment
ENGINES: dict[str, Consumer] = {
    each.name: each
    for each in (
        _engine("onnx_reference", "onnx", "1.23.2", "onnx.reference.ReferenceEvaluator"),
        _engine("onnxruntime", "onnxruntime", "1.32.0", "onnxruntime.InferenceSession"),
        Consumer(
            "onnxruntime_web",
            "onnxruntime-web",
            "1.30.0",
            "onnx",
            "onnxruntime-web, InferenceSession.create",
            "scripts/consumers onnxruntime_web",
            apart=True,
            ours=True,
        ),
        _engine("openvino", "openvino", "2026.4.1", "openvino.Core.read_model"),
        _engine("tract", "tract", "0.23.9", "tract.onnx"),
    )
}
