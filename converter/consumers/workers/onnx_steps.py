"""What the ONNX engines share: a file read with suspicion, run whole.

These workers import this project, in whose environment they run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...onnx_file import load_onnx, run_onnx

Spikes = dict[str, NDArray[Any]]


def run_engine(engine: str, file: Path, x: NDArray[Any]) -> tuple[Spikes, NDArray[Any]]:
    """Spikes by population {"l0.z": (batch, time, hidden, levels)}, and the output."""
    done = run_onnx(load_onnx(file), x, engine=engine)
    return dict(done.spikes), done.output
