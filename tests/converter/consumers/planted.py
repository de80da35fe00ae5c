"""Consumers whose workers a test writes, so that no library is needed to misbehave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from converter.consumers import Consumer

GOOD = """
import numpy as np
def run(graph, x, dt):
    return {"n": x > 0.5}, x.sum(-1, keepdims=True)
"""


@dataclass(frozen=True)
class Planted(Consumer):
    """A consumer whose worker the test wrote."""

    at: Path = Path()

    @property
    def worker(self) -> Path:
        return self.at


def planted(folder: Path, source: str, name: str = "planted") -> Planted:
    """A consumer of that name, installed here, that runs `source`."""
    place = folder / "planted"
    place.mkdir(exist_ok=True)
    worker = place / f"{name}_worker.py"
    worker.write_text(source)
    return Planted(name, "numpy", "0", "portable", "", "make it", at=worker)
