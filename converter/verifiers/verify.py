"""Check every network*.onnx beside this file against golden.npz. Needs numpy and onnxruntime."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

KINDS = {"tensor(double)": np.float64, "tensor(float)": np.float32}


def run(path: Path, x: Any) -> dict[str, Any]:
    """{output: values} of a model of whole sequences, or of one that is stepped."""
    session = onnxruntime.InferenceSession(str(path))
    names = [port.name for port in session.get_outputs()]
    first, *states = session.get_inputs()
    feeds = {port.name: np.zeros((len(x), port.shape[1]), KINDS[port.type]) for port in states}
    if len(first.shape) == 3:
        return dict(zip(names, session.run(None, {"x": x, **feeds}), strict=True))
    steps = []
    for t in range(x.shape[1]):
        steps.append(dict(zip(names, session.run(None, {"x": x[:, t], **feeds}), strict=True)))
        feeds = {name: steps[-1][name + ".next"] for name in feeds}
    return {name: np.stack([step[name] for step in steps], 1) for name in names}


here = Path(__file__).parent
golden = np.load(here / "golden.npz", allow_pickle=False)
spikes = {n.removeprefix("spikes."): golden[n] for n in golden.files if n.startswith("spikes.")}
runs = [run(path, golden["x"]) for path in sorted(here.glob("network*.onnx"))]
differing = sum(int((found[name] != spikes[name]).sum()) for found in runs for name in spikes)
outputs = [found["logits" if "logits" in found else "output"] for found in runs]
equal = bool(runs) and all(np.array_equal(each, golden["output"]) for each in outputs)
sys.stdout.write(f"{differing} differing spikes, outputs {'equal' if equal else 'DIFFER'}\n")
sys.exit(0 if differing == 0 and equal else 1)
