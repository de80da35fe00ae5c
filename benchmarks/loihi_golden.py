"""Record what lava and nengo-loihi do: python -m benchmarks.loihi_golden.

Writes tests/hardware/loihi/golden.npz: spikes of every neuron and tick, bit by bit, and a digest of
the network and of the states, for ten random networks of `tests/hardware/loihi/nets.py`.
"""

import hashlib
from pathlib import Path

import numpy as np

from hardware import TARGETS, simulate
from tests.hardware.chips import configured
from tests.hardware.loihi.nets import random_network

SEEDS = range(5)
# simulator, and the target whose random networks, wild ones among them, it is asked about
ASKED = {"lava": "loihi2", "nengo_loihi": "loihi1"}
FILE = Path("tests/hardware/loihi/golden.npz")


def digest(*arrays) -> np.ndarray:
    """Eight bytes of the arrays' values, whatever their types."""
    whole = b"".join(np.asarray(each, "<i8").tobytes() for each in arrays)
    return np.frombuffer(hashlib.sha256(whole).digest()[:8], np.uint8)


def network_digest(network, inputs) -> np.ndarray:
    groups = [a for g in network.groups for a in (g.threshold, g.bias, g.current_decay)]
    return digest(*groups, *(each.weight for each in network.synapses), inputs)


def recorded(run, watched) -> dict[str, np.ndarray]:
    """What is kept of a run."""
    spikes = np.concatenate([run.trace.spikes[name] for name in watched], axis=2)
    states = [
        each for name in watched for each in (run.trace.potentials[name], run.trace.currents[name])
    ]
    return {"spikes": np.packbits(spikes), "states": digest(*states)}


def main() -> None:
    found = {}
    for name, target in ASKED.items():
        assert any(each.name == name for each in TARGETS[target].simulators)
        for seed in SEEDS:
            network, inputs = random_network(seed, target=target)
            watched = [group.name for group in network.groups]
            run = simulate(configured(network), inputs, simulator=name, watched=watched)
            start = f"{name}.{seed}."
            found[f"{start}network"] = network_digest(network, inputs)
            found |= {f"{start}{kind}": each for kind, each in recorded(run, watched).items()}
    np.savez_compressed(FILE, **found)


if __name__ == "__main__":
    main()
