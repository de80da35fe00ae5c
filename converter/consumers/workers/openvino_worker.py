"""OpenVINO on the CPU, whose cell state is single precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .onnx_steps import Spikes, run_engine


def run(file: Path, x: NDArray[Any], dt: float) -> tuple[Spikes, NDArray[Any]]:
    """Whatever dt is: a step is a step."""
    del dt
    return run_engine("openvino", file, x)
