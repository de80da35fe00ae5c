"""Record what sPyNNaker's machine code does: python -m benchmarks.spinnaker_golden.

Writes tests/hardware/spinnaker/golden.npz: spikes of every neuron and tick, bit by bit, and a
digest of the network and of the states, for eight random networks of
`tests/hardware/spinnaker/nets.py`.
"""

from pathlib import Path

import numpy as np

from benchmarks.loihi_golden import network_digest, recorded
from hardware import simulate
from tests.hardware.chips import configured
from tests.hardware.spinnaker.nets import random_network

SEEDS = range(8)
FILE = Path("tests/hardware/spinnaker/golden.npz")


def main() -> None:
    found = {}
    for seed in SEEDS:
        network, inputs = random_network(seed)
        # a group that never fires has no spikes to keep
        firing = [group.name for group in network.groups if group.spikes]
        run = simulate(configured(network), inputs, watched=firing)
        found[f"{seed}.network"] = network_digest(network, inputs)
        kept = recorded(run, firing)
        found |= {f"{seed}.{kind}": each for kind, each in kept.items()}
    np.savez_compressed(FILE, **found)


if __name__ == "__main__":
    main()
