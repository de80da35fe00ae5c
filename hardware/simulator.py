"""A vendor's own simulator: what it is, where it is installed, and how it is run."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import CheckpointError, MissingSoftwareError, WorkerError
from spiking.guarded import LAST_WORDS, MOST_BYTES, SECONDS, ended
from spiking.npz import read_npz

from .artefacts import packed, save
from .configuration import Configuration
from .network import Ints, Quantized
from .run import Trace
from .saying import SAYINGS

_WORKERS = Path(__file__).parent / "workers"


@dataclass(frozen=True)
class Simulator:
    """Software that is not ours; `hardware/workers/NAME_worker.py` drives it.

    name      as users write it
    release   that equality was proved with
    command   that installs it, exactly
    module    that is imported, "" for programs alone
    programs  that are called
    apart     its Python lives in an environment of its own, which `scripts/vendors NAME` builds;
              what has programs needs none where they are on the PATH
    """

    name: str
    release: str
    command: str
    module: str = ""
    programs: tuple[str, ...] = ()
    apart: bool = False

    @property
    def python(self) -> Path | None:
        """The interpreter that can run it; None where a part of it is not installed."""
        there = all(shutil.which(program) for program in self.programs)
        if self.apart and not (self.programs and there):
            found = environments() / self.name / "bin" / "python"
            return found if found.exists() else None
        if not there:
            return None
        here = not self.module or importlib.util.find_spec(self.module.split(".")[0]) is not None
        return Path(sys.executable) if here else None


def environments() -> Path:
    """Where `scripts/vendors` puts environments; SUBSPIKE_VENDORS names another place."""
    given = os.environ.get("SUBSPIKE_VENDORS")
    if given:
        return Path(given)
    root = os.environ.get("SUBSPIKE_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "subspike" / "vendors"


def run_simulator(
    simulator: Simulator,
    configuration: Configuration,
    arriving: Ints,
    *,
    watched: Sequence[str] = (),
    guarded: bool = False,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> Trace:
    """What the simulator does with `arriving` (batch, ticks, channels).

    watched  groups whose states are wanted beside the exit's
    guarded  in a process of its own even where it could run in this one

    Raises MissingSoftwareError where it is not installed, WorkerError where its process dies,
    takes longer than `seconds`, or writes something that is no trace of this network.
    """
    python = simulator.python
    if python is None:
        raise MissingSoftwareError(f"{simulator.name} is not installed", simulator.command)
    names = sorted({configuration.network.exit.group, *watched})
    if not (simulator.apart or guarded):
        about, arrays = packed(configuration)
        try:
            worker = importlib.import_module(f".workers.{simulator.name}_worker", __package__)
            answer = worker.run(about, arrays, arriving, names)
        except ImportError as error:
            message = f"{simulator.name} is not installed whole"
            raise MissingSoftwareError(message, simulator.command) from error
    else:
        job = (configuration, arriving, names)
        answer = answered(simulator, job, seconds=seconds, most_bytes=most_bytes)
    return _trace(simulator, configuration.network, arriving, names, answer)


def answered(
    simulator: Simulator,
    job: tuple[Configuration, Ints, Sequence[str]],
    *,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> dict[str, Any]:
    """The worker's answer from a process of its own; `job` is what, on what, watching whom.

    Raises what `run_simulator` raises, but looks at nothing in the answer.
    """
    configuration, arriving, names = job
    python = simulator.python
    if python is None:
        raise MissingSoftwareError(f"{simulator.name} is not installed", simulator.command)
    with tempfile.TemporaryDirectory(prefix="subspike-") as place:
        folder = Path(place)
        save(configuration, folder / "configuration.npz")
        np.savez_compressed(folder / "arriving.npz", arriving=arriving)
        words = [simulator.name, str(most_bytes), str(folder), *names]
        ending = ended(
            [str(python), "-m", "workers.serve", *words],
            folder,
            seconds=seconds,
            environment={"PYTHONPATH": str(_WORKERS.parent), "HOME": str(folder)},
        )
        refusal, done = folder / "refused.txt", folder / "done.npz"
        if refusal.is_file():
            said = refusal.read_text(errors="replace")[:LAST_WORDS]
            raise WorkerError(f"{simulator.name} refused the network: {said}")
        if not done.is_file():
            raise WorkerError(f"{simulator.name}: {ending or 'it wrote no answer'}")
        try:
            arrays = read_npz(done)
            kinds = json.loads(arrays.pop("names").tobytes())
            answer: dict[str, Any] = {"spikes": {}, "potentials": {}, "currents": {}}
            for at, (kind, name) in enumerate(kinds):
                answer.setdefault(kind, {})[name] = arrays[f"a{at}"]
        except (CheckpointError, LookupError, TypeError, ValueError) as error:
            raise WorkerError(f"{simulator.name} wrote garbage: {error}") from error
        return answer


def _trace(
    simulator: Simulator,
    network: Quantized,
    arriving: Ints,
    names: Sequence[str],
    answer: Mapping[str, Mapping[str, NDArray[Any]]],
) -> Trace:
    """The answer as a trace; every array must have the shape of its group over these ticks."""
    batch, ticks = arriving.shape[:2]
    sizes = network.sizes
    kept = {g.name: SAYINGS[g.says].kept for g in network.groups if g.spikes}
    spoken = {name: kind for name, kind in kept.items() if kind is not None}
    wanted = {"spikes": list(spoken), "potentials": list(names)}
    for kind, groups in wanted.items():
        for name in groups:
            shape = np.shape(answer[kind].get(name, ()))
            if shape != (batch, ticks, sizes[name]):
                raise WorkerError(
                    f"{simulator.name} wrote garbage: {kind} of {name!r} have shape {shape}, not "
                    f"{(batch, ticks, sizes[name])}"
                )
    return Trace(
        {name: np.asarray(answer["spikes"][name]).astype(kind) for name, kind in spoken.items()},
        {name: np.asarray(answer["potentials"][name]).astype(np.int64) for name in names},
        {name: np.asarray(a).astype(np.int64) for name, a in answer["currents"].items()},
    )
