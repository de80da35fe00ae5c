"""Record what lava and nengo-loihi do: python -m benchmarks.loihi_golden.

Writes tests/hardware/loihi/golden.npz: spikes of every neuron and tick, bit by bit, and a digest of
the network, of the states and of what graded spikes carry, for random networks of
`tests/hardware/loihi/`.
"""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np

from hardware import simulate
from tests.hardware.chips import configured
from tests.hardware.loihi.graded import random_graded
from tests.hardware.loihi.nets import random_network

SEEDS = range(5)
# simulators, and the random networks, wild ones among them, that they are asked about
ASKED = {
    "lava": partial(random_network, target="loihi2"),
    "lava.graded": random_graded,
    "nengo_loihi": partial(random_network, target="loihi1"),
}
FILE = Path("tests/hardware/loihi/golden.npz")


def digest(*arrays) -> np.ndarray:
    """Eight bytes of the arrays' values, whatever their types."""
    whole = b"".join(np.asarray(each, "<i8").tobytes() for each in arrays)
    return np.frombuffer(hashlib.sha256(whole).digest()[:8], np.uint8)


def network_digest(network, inputs) -> np.ndarray:
    groups = [a for g in network.groups for a in (g.threshold, g.bias, g.current_decay, g.knots)]
    return digest(*groups, *(each.weight for each in network.synapses), inputs)


def recorded(run, watched) -> dict[str, np.ndarray]:
    """What is kept of a run."""
    said = [run.trace.spikes[name] for name in watched if name in run.trace.spikes]
    spikes = np.concatenate(said, axis=2)
    states = [
        each for name in watched for each in (run.trace.potentials[name], run.trace.currents[name])
    ]
    graded = [each for each in said if each.dtype != np.uint8]
    return {"spikes": np.packbits(spikes != 0), "states": digest(*states, *graded)}


def main() -> None:
    found = {}
    for name, drawn in ASKED.items():
        for seed in SEEDS:
            network, inputs = drawn(seed)
            watched = [group.name for group in network.groups]
            simulator = name.split(".")[0]
            run = simulate(configured(network), inputs, simulator=simulator, watched=watched)
            start = f"{name}.{seed}."
            found[f"{start}network"] = network_digest(network, inputs)
            found |= {f"{start}{kind}": each for kind, each in recorded(run, watched).items()}
    np.savez_compressed(FILE, **found)


if __name__ == "__main__":
    main()
