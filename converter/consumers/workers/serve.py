"""Run one worker on some jobs: `python -m workers.serve NAME MEMORY DT FOLDER...`.

Each folder holds graph.nir and x.npy; done.npz or refused.txt is written into it. The address
space of the process is limited to MEMORY bytes (0: not at all).
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

import nir
import numpy as np


def main(arguments: list[str]) -> None:
    """All jobs, one after the other; a job that fails does not end the others."""
    name, memory, dt, *folders = arguments
    if int(memory):
        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    worker: Any = importlib.import_module(f".{name}_worker", __package__)
    for folder in map(Path, folders):
        try:
            x = np.load(folder / "x.npy", allow_pickle=False)
            spikes, output = worker.run(nir.read(folder / "graph.nir"), x, float(dt))
        except Exception as error:  # whatever a library raises is its answer
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            said = " ".join(str(error).split())
            (folder / "refused.txt").write_text(f"{type(error).__name__}: {said} ({where})")
            continue
        names = sorted(spikes)
        arrays = {f"spikes{at}": np.asarray(spikes[key]) > 0 for at, key in enumerate(names)}
        about = np.frombuffer(json.dumps(names).encode(), dtype=np.uint8)
        partial = folder / "partial.npz"
        np.savez_compressed(partial, names=about, output=np.asarray(output, np.float64), **arrays)
        partial.rename(folder / "done.npz")


if __name__ == "__main__":
    main(sys.argv[1:])
