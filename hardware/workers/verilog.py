"""What every Verilog simulator's driver shares: vectors in, the trace out."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_LAST_WORDS = 300
# seconds that building and running may take, each
_SECONDS = 3600.0

# (folder with all sources) to the command that simulates
Build = Callable[[Path], Sequence[str]]


def hexadecimal(words: Iterable[int], width: int) -> bytes:
    """One word a line, negative ones in two's complement, as $readmemh takes them."""
    digits, mask = -(-width // 4), 2**width - 1
    return "".join(f"{word & mask:0{digits}x}\n" for word in words).encode()


def stimulus(arriving: Any, made: Mapping[str, Any]) -> bytes:
    """The test bench's stimulus.hex: samples and steps, then every input of every step.

    made  the project's network.json
    """
    half = 2 ** (made["input_bits"] - 1)
    if arriving.min(initial=0) < -half or arriving.max(initial=0) >= half:
        raise ValueError(f"inputs go beyond {-half}..{half - 1}, for which the design was made")
    batch, steps, _ = arriving.shape
    return f"{batch} {steps}\n".encode() + hexadecimal(
        arriving.ravel().tolist(), made["value_bits"]
    )


def simulated(
    build: Build,
    about: Mapping[str, Any],
    arrays: Mapping[str, Any],
    arriving: Any,
    watched: Sequence[str],
) -> dict[str, dict[str, Any]]:
    """Write the project, build it, run it on `arriving` (batch, steps, inputs), read its trace.

    A neuron's state v is current + bias; a wire's current is the weight of its one synapse.
    """
    with tempfile.TemporaryDirectory(prefix="subspike-") as place:
        folder = Path(place)
        for at, name in enumerate(about["files"]):
            (folder / name).write_bytes(np.asarray(arrays[f"file{at}"], np.uint8).tobytes())
        made = json.loads((folder / "network.json").read_bytes())
        (folder / "stimulus.hex").write_bytes(stimulus(arriving, made))
        said = called([*build(folder), "+blind", "+trace"], folder)
        if "PASS" not in said:
            raise RuntimeError(f"the test bench failed: ...{said[-_LAST_WORDS:]}")
        fires, states = _trace(folder / "trace.hex", made["state_bits"])
    shape = (*arriving.shape[:2], -1)
    seen = fires.reshape(shape), states.reshape(shape)
    return _told(about, arrays, made, seen, watched)


def called(command: Sequence[str], folder: Path) -> str:
    """What a program says; RuntimeError with the end of it where it fails."""
    done = subprocess.run(  # noqa: S603 - simulators that our own tables name
        list(command), cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: ...{said[-_LAST_WORDS:]}")
    return said


def _trace(path: Path, bits: int) -> tuple[Any, Any]:
    """Lines of {fires, state} in hexadecimal.  # (lines,), (lines,)"""
    digits = -(-(bits + 1) // 4)
    text = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, digits + 1)[:, :digits]
    nibbles = np.full(256, -1, np.int64)
    nibbles[list(b"0123456789abcdef")] = np.arange(16)
    words = np.zeros(len(text), np.int64)
    for column in text.T:
        found = nibbles[column]
        if found.min(initial=0) < 0:
            raise RuntimeError("a state of the design is undefined")
        words = (words << 4) | found
    states = words & (2**bits - 1)
    return words >> bits, states - ((states >> (bits - 1)) << bits)


def _told(
    about: Mapping[str, Any],
    arrays: Mapping[str, Any],
    made: Mapping[str, Any],
    seen: tuple[Any, Any],
    watched: Sequence[str],
) -> dict[str, dict[str, Any]]:
    """The trace by groups; neurons that are wires fire as those that they repeat.

    seen  fires and states in the order of living  # (batch, steps, neurons) each
    """
    bias = np.concatenate([arrays[f"group{at}.bias"] for at in range(len(about["groups"]))])
    fires, states = (np.zeros((*seen[0].shape[:2], len(bias)), np.int64) for _ in range(2))
    fires[:, :, made["order"]], states[:, :, made["order"]] = seen
    for neuron, source, weight in made["wires"]:
        fires[:, :, neuron] = fires[:, :, source]
        states[:, :, neuron] = weight * fires[:, :, neuron] + bias[neuron]
    answer: dict[str, dict[str, Any]] = {"spikes": {}, "potentials": {}, "currents": {}}
    start = 0
    for at, group in enumerate(about["groups"]):
        mine = slice(start, start := start + len(arrays[f"group{at}.bias"]))
        if group["spikes"]:
            answer["spikes"][group["name"]] = fires[:, :, mine]
        if group["name"] in watched:
            left = np.where(fires[:, :, mine] > 0, 0, states[:, :, mine])
            answer["potentials"][group["name"]] = left
            answer["currents"][group["name"]] = states[:, :, mine] - bias[mine]
    return answer
