"""Our emulator against a vendor's simulator: equal on random networks, and how fast beside it.

    python -m benchmarks.vendor_fuzz [--target xylo-audio3] [--simulator xylosim] [--nets 1000]

Every network is compared, spikes and states, before its time counts; a difference stops the run.
"""

import argparse
import platform
import time

import numpy as np
from tqdm import tqdm

from hardware import TARGETS, emulate, simulate
from tests.hardware.chips import RANDOM, configured


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--target", choices=sorted(RANDOM), default="xylo-audio3")
    words.add_argument("--simulator", help="default: the target's first")
    words.add_argument("--nets", type=int, default=1000)
    words.add_argument("--seed", type=int, default=0)
    given = words.parse_args()
    name = given.simulator or TARGETS[given.target].simulators[0].name
    ratios, overflown, silent, bins = [], 0, 0, 0
    for seed in tqdm(range(given.seed, given.seed + given.nets), unit="net"):
        network, inputs = RANDOM[given.target](seed)
        whole, watched = configured(network), [group.name for group in network.groups]
        start = time.perf_counter()
        ours = emulate(network, inputs, watched=watched)
        middle = time.perf_counter()
        theirs = simulate(whole, inputs, simulator=name, watched=watched)
        end = time.perf_counter()
        for kind in ("spikes", "potentials", "currents"):
            for group, wanted in getattr(theirs.trace, kind).items():
                if not np.array_equal(getattr(ours.trace, kind)[group], wanted):
                    raise SystemExit(f"network {seed}: {kind} of {group} differ")
        overflown += bool(ours.trace.overflows)
        silent += not ours.fired.any()
        bins += sum(raster.size for raster in theirs.trace.spikes.values())
        ratios.append((end - middle) / (middle - start))
    low, median, high = np.percentile(ratios, [5, 50, 95])
    print(
        f"{given.target}, {name}: {given.nets} networks equal, {bins} bins; {overflown} overflow, "
        f"{silent} are silent"
    )
    print(f"{name}'s time / ours: median {median:.2f} (5 % {low:.2f}, 95 % {high:.2f})")
    print(f"{platform.processor() or platform.machine()}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
