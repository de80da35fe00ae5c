"""How many clocks a step takes, counted in simulation."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np

from spiking.errors import MissingSoftwareError

from ..configuration import Configuration, write_files
from ..workers.icarus_worker import build
from ..workers.verilog import called, stimulus
from .synthesis import COMMAND


def clocks_of_a_step(configuration: Configuration) -> int:
    """From `start` to `done`: the same for every step, whatever the inputs.

    Raises MissingSoftwareError where Icarus Verilog is not installed.
    """
    if shutil.which("iverilog") is None:
        raise MissingSoftwareError("iverilog is not installed", COMMAND)
    made = json.loads(configuration.files["network.json"])
    silence = np.zeros((1, 2, configuration.network.entry.channels), np.int64)
    with tempfile.TemporaryDirectory(prefix="subspike-") as place:
        folder = Path(place)
        write_files(configuration, folder)
        (folder / "stimulus.hex").write_bytes(stimulus(silence, made))
        said = called([*build(folder), "+blind"], folder)
    return int(re.findall(r"most (\d+)", said)[-1])
