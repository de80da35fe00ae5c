"""Our Xylo emulator against XyloSim: equal on random networks, and how fast beside it.

    python -m benchmarks.xylo_fuzz [--nets 1000] [--seed 0] [--batch 8]

Every network is compared before its time counts; a difference stops the run.
"""

import argparse
import platform
import time

import numpy as np
from tqdm import tqdm

from hardware import Placement, simulate


def random_placement(seed: int, batch: int) -> tuple[Placement, np.ndarray]:
    """A random network; two in five are wild enough to saturate 16 bits."""
    rng = np.random.default_rng(seed)
    hidden, inputs, outputs = rng.integers(8, 128), rng.integers(1, 17), rng.integers(1, 17)
    wild = seed % 5 < 2

    def weights(rows: int, columns: int) -> np.ndarray:
        return np.where(
            rng.random((rows, columns)) < 0.5, rng.integers(-128, 128, (rows, columns)), 0
        )

    arrays = {
        "input.weight": weights(hidden, inputs),
        "recurrent.weight": weights(hidden, hidden),
        "readout.weight": weights(outputs, hidden),
    }
    for name, count in (("hidden", hidden), ("readout", outputs)):
        reach = 32767 if wild else 500
        arrays[f"{name}.threshold"] = rng.integers(1, 60 if wild else 3000, count)
        arrays[f"{name}.bias"] = rng.integers(-reach - 1, reach + 1, count)
        arrays[f"{name}.dash_syn"] = rng.integers(1, 16 if wild else 5, count)
        arrays[f"{name}.dash_mem"] = rng.integers(0, 16 if wild else 5, count)
    return Placement("xylo-audio3", 1e-3, arrays), rng.integers(0, 16, (batch, 20, inputs))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--nets", type=int, default=1000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--batch", type=int, default=8, help="sequences of 20 steps a network")
    given = words.parse_args()
    ratios, saturating, bins = [], 0, 0
    for seed in tqdm(range(given.seed, given.seed + given.nets), unit="net"):
        placement, inputs = random_placement(seed, given.batch)
        start = time.perf_counter()
        ours = simulate(placement, inputs)
        middle = time.perf_counter()
        theirs = simulate(placement, inputs, vendor=True)
        end = time.perf_counter()
        for name, raster in theirs.spikes.items():
            if not np.array_equal(ours.spikes[name], raster):
                raise SystemExit(f"network {seed}: spikes of {name} differ")
        if not np.array_equal(ours.outputs, theirs.outputs):
            raise SystemExit(f"network {seed}: potentials differ")
        saturating += bool(ours.saturations)
        bins += sum(raster.size for raster in theirs.spikes.values())
        ratios.append((end - middle) / (middle - start))
    low, middle, high = np.percentile(ratios, [5, 50, 95])
    print(f"{given.nets} networks equal, {bins} bins, {saturating} networks saturate")
    print(f"XyloSim's time / ours: median {middle:.2f} (5 % {low:.2f}, 95 % {high:.2f})")
    print(
        f"batch {given.batch}, {platform.processor() or platform.machine()}, numpy {np.__version__}"
    )


if __name__ == "__main__":
    main()
