"""Run one worker: `python -m workers.serve NAME MEMORY FOLDER WATCHED...`.

FOLDER holds configuration.npz and arriving.npz; done.npz or refused.txt is written into it. The
address space of the process is limited to MEMORY bytes (0: not at all).
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np


def main(arguments: list[str]) -> None:
    """One network on one batch."""
    name, memory, place, *watched = arguments
    if int(memory):
        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    folder = Path(place)
    try:
        worker: Any = importlib.import_module(f".{name}_worker", __package__)
        with np.load(folder / "configuration.npz", allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        with np.load(folder / "arriving.npz", allow_pickle=False) as stored:
            arriving = stored["arriving"]
        about = json.loads(arrays.pop("about").tobytes())
        whole = {key: each.astype(np.int64) for key, each in arrays.items() if key[:4] != "file"}
        answer = worker.run(about, arrays | whole, arriving, watched)
    except Exception as error:  # noqa: BLE001 - whatever a library raises is its answer
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(str(error).split())
        text = f"{type(error).__name__}: {said} ({Path(where.filename).name}:{where.lineno})"
        (folder / "refused.txt").write_text(text)
        return
    found = [(kind, key, each) for kind, part in answer.items() for key, each in part.items()]
    names = json.dumps([(kind, key) for kind, key, _ in found]).encode()
    partial = folder / "partial.npz"
    np.savez_compressed(
        partial,
        names=np.frombuffer(names, dtype=np.uint8),
        **{f"a{at}": np.asarray(each) for at, (_, _, each) in enumerate(found)},
    )
    partial.rename(folder / "done.npz")


if __name__ == "__main__":
    main(sys.argv[1:])
