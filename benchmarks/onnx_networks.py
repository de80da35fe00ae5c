"""Random networks as ONNX in every engine that is installed: spikes equal to torch bit for bit.

    python -m benchmarks.onnx_networks [--nets 120] [--coded 3] [--seed 0] [--engines NAME ...]

Each network is run whole and step by step; populations of every shape, and every other code. An
engine that cannot run a model says so. Exit code 1 where a spike or an output differs in an engine
that promises none.
"""

import argparse
import sys
from collections import Counter

from tqdm import tqdm

from converter import to_onnx, verify_onnx
from converter.onnx_engines import ENGINES
from spiking.errors import DriftError, MissingSoftwareError, ShapeError
from tests.converter.onnx_nets import CODED, drawn, drawn_coded

EXACT = ("onnxruntime", "reference", "tract", "web")
BY_DEFAULT = tuple(name for name in ENGINES if name != "web")  # a process for every step


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--nets", type=int, default=120, help="populations")
    words.add_argument("--coded", type=int, default=3, help="networks of each other code")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--engines", nargs="+", choices=sorted(ENGINES), default=BY_DEFAULT)
    given = words.parse_args()
    seeds = range(given.seed, given.seed + given.nets)
    cases = [("population", seed) for seed in seeds]
    cases += [(name, seed) for name in CODED for seed in seeds[: given.coded]]
    found: dict[str, Counter] = {engine: Counter() for engine in given.engines}
    for name, seed in tqdm(cases, unit="net"):
        net, x = drawn(seed) if name == "population" else drawn_coded(name, seed)
        for streaming in (False, True):
            model = to_onnx(net, streaming=streaming, functions=seed % 2 == 1)
            for engine, tally in found.items():
                try:
                    drift = verify_onnx(model, net, x, engine=engine)
                except MissingSoftwareError:
                    tally["not installed"] += 1
                except ShapeError as error:
                    tally[f"refused: {str(error).splitlines()[-1][:60]}"] += 1
                except DriftError:
                    tally["other outputs"] += 1
                else:
                    tally["equal" if drift.differing == 0 else "differ"] += 1
                    tally["spikes"] += drift.total
                    tally["differing"] += drift.differing
    for engine, tally in found.items():
        print(f"{engine}: {', '.join(f'{n} {what}' for what, n in tally.items())}")
    wrong = [e for e, t in found.items() if e in EXACT and t["differ"] + t["other outputs"]]
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
