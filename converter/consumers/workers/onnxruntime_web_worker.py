"""ONNX Runtime in WebAssembly under node, as a browser has it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..consumer import ENGINES
from .onnx_steps import Spikes, run_engine


def run(file: Path, x: NDArray[Any], dt: float) -> tuple[Spikes, NDArray[Any]]:
    """Whatever dt is: a step is a step."""
    del dt
    os.environ["SUBSPIKE_NODE"] = str(ENGINES["onnxruntime_web"].place)
    return run_engine("web", file, x)
