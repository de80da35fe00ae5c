"""Other people's simulators that read NIR: what each is called, reads, and how it is installed."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Consumer:
    """A library that imports NIR files.

    name     as users write it; its worker is workers/NAME_worker.py
    module   what it is imported as
    release  that our presets and verdicts were fitted to
    profile  of ours that it reads
    dialect  of NIR that it reads
    apart    it lives in an environment of its own, which `scripts/consumers NAME` builds
    command  that installs it
    """

    name: str
    module: str
    release: str
    profile: str
    command: str
    dialect: str = "1.0.8"
    apart: bool = False

    @property
    def python(self) -> Path | None:
        """The interpreter that has the library; None where it is not installed."""
        if self.apart:
            found = environments() / self.name / "bin" / "python"
            return found if found.exists() else None
        return Path(sys.executable) if importlib.util.find_spec(self.module) else None


def environments() -> Path:
    """Where `scripts/consumers` puts environments; SUBSPIKE_CONSUMERS names another place."""
    given = os.environ.get("SUBSPIKE_CONSUMERS")
    if given:
        return Path(given)
    root = os.environ.get("SUBSPIKE_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "subspike" / "consumers"


CONSUMERS: dict[str, Consumer] = {
    each.name: each
    for each in (
        Consumer("norse", "norse", "1.1.0", "portable", "pip install 'subspike[norse]'"),
        Consumer(
            "sc_neurocore",
            "sc_neurocore",
            "3.16.0",
            "portable",
            "scripts/consumers sc_neurocore",
            apart=True,
        ),
        Consumer(
            "sinabs",
            "sinabs",
            "3.1.3",
            "stepwise",
            "scripts/consumers sinabs",
            dialect="1.0.4",
            apart=True,
        ),
        Consumer("snntorch", "snntorch", "1.0.0", "portable", "pip install snntorch"),
        Consumer(
            "spikingjelly",
            "spikingjelly",
            "2.0.0",
            "split",
            "pip install --no-deps spikingjelly loguru",
        ),
        Consumer("spyx", "spyx", "1.0.0", "portable", "scripts/consumers spyx", apart=True),
    )
}
