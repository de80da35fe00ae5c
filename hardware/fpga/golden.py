"""Golden vectors for the test bench: inputs, and every spike and state that they must cause."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from spiking.errors import ConfigError

from ..configuration import Configuration
from ..network import Ints
from ..run import Trace
from ..workers.verilog import hexadecimal, stimulus


def golden_files(configuration: Configuration, arriving: Ints, trace: Trace) -> Mapping[str, bytes]:
    """stimulus.hex and expected.hex, to lie beside the project's files.

    arriving  what the input channels carry  # (batch, steps, inputs)
    trace     of the emulator on it, all groups watched
    """
    made = json.loads(configuration.files["network.json"])
    groups = configuration.network.groups
    unwatched = [group.name for group in groups if group.name not in trace.currents]
    if unwatched:
        raise ConfigError(f"the trace lacks states of {unwatched}; emulate with watched=all groups")
    silent = {group.name: np.zeros_like(trace.currents[group.name]) for group in groups}
    fires = np.concatenate([trace.spikes.get(g.name, silent[g.name]) for g in groups], axis=-1)
    states = np.concatenate([trace.currents[g.name] + g.bias for g in groups], axis=-1)
    order, bits = made["order"], made["state_bits"]
    words = (fires[..., order].astype(np.int64) << bits) | (states[..., order] & (2**bits - 1))
    return {
        "stimulus.hex": stimulus(arriving, made),
        "expected.hex": hexadecimal(words.ravel().tolist(), bits + 1),
    }
