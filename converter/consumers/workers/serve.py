"""Run one worker on some jobs: `python -I serve.py REQUEST`, in the consumer's own environment.

The request is JSON: `worker` to import from `paths`, `most_bytes` of address space and of every
file written, `dt`, and `folders`. Each folder holds graph.nir or graph.onnx, and x.npy; done.npz
or refused.txt is written into it.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np


def main(request: Path) -> None:
    """All jobs, one after the other; a job that fails does not end the others."""
    asked = json.loads(request.read_text())
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
        allowed = [n for n in resource.getrlimit(kind) if n != resource.RLIM_INFINITY]
        least = min(asked["most_bytes"], *allowed, sys.maxsize)
        resource.setrlimit(kind, (least, least))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    sys.path[:0] = asked["paths"]
    worker: Any = importlib.import_module(asked["worker"])
    for folder in map(Path, asked["folders"]):
        partial = folder / "partial"
        try:
            _write(partial, *_run(worker, folder, asked["dt"]))
        except Exception as error:  # noqa: BLE001 - whatever a library raises is its answer
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            said = " ".join(str(error).split())
            partial.write_text(f"{type(error).__name__}: {said} ({where})")
            partial.rename(folder / "refused.txt")
            continue
        partial.rename(folder / "done.npz")


def _end_with(parent: int) -> None:
    """Whoever asked may be killed before it can stop us; then our whole group ends as well."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.killpg(0, signal.SIGKILL)


def _run(worker: Any, folder: Path, dt: float) -> tuple[dict[str, Any], Any]:
    x = np.load(folder / "x.npy", allow_pickle=False)
    (file,) = folder.glob("graph.*")
    spikes, output = worker.run(_graph(file) if file.suffix == ".nir" else file, x, dt)
    return dict(spikes), output


def _graph(file: Path) -> Any:
    import nir

    return nir.read(file)


def _write(path: Path, spikes: dict[str, Any], output: Any) -> None:
    names = sorted(spikes)
    arrays = {f"spikes{at}": _counts(spikes[name]) for at, name in enumerate(names)}
    about = np.frombuffer(json.dumps(names).encode(), dtype=np.uint8)
    with path.open("wb") as stream:
        np.savez_compressed(stream, names=about, output=np.asarray(output, np.float64), **arrays)


def _counts(raster: Any) -> Any:
    """Whole numbers in a byte each; what carries other numbers stays as it is."""
    values = np.asarray(raster, dtype=np.float64)
    small = values.astype(np.uint8)
    return small if np.array_equal(small, values) else values


if __name__ == "__main__":
    main(Path(sys.argv[1]))
