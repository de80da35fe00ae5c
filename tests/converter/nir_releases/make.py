"""Writes the file of one release of nir: `python make.py` where that release is installed.

The files beside this one were written by nir 0.2.0, 1.0.0, 1.0.4 and 1.0.6, each under
numpy 1.26.4 and h5py 3.16.0.
"""

import itertools
from pathlib import Path

import nir
import numpy as np

ONES = np.ones(2)
# nir 1.0.6 asks for it, older releases do not know it
RESET = {"v_reset": 0.0 * ONES} if "v_reset" in nir.LIF.__dataclass_fields__ else {}


def graph() -> nir.NIRGraph:
    """A chain of every kind that all releases know, one of them in a graph of its own."""
    inner = nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([2])}),
            "cell": nir.CubaLIF(
                tau_syn=4e-4 * ONES,
                tau_mem=8e-4 * ONES,
                r=8.0 * ONES,
                v_leak=0.0 * ONES,
                v_threshold=0.5 * ONES,
                **RESET,
            ),
            "back": nir.Linear(np.array([[0.0, 0.5], [-0.5, 0.0]])),
            "output": nir.Output({"output": np.array([2])}),
        },
        [("input", "cell"), ("cell", "back"), ("back", "cell"), ("cell", "output")],
    )
    nodes = {
        "input": nir.Input({"input": np.array([3])}),
        "fc": nir.Affine(np.array([[1.0, 2.0, 0.5], [0.5, -1.0, 2.0]]), np.array([0.25, -0.25])),
        "lif": nir.LIF(
            tau=2e-4 * ONES, r=2.0 * ONES, v_leak=0.0 * ONES, v_threshold=1.0 * ONES, **RESET
        ),
        "rnn": inner,
        "scale": nir.Scale(np.array([2.0, 3.0])),
        "li": nir.LI(tau=5e-4 * ONES, r=ONES, v_leak=0.0 * ONES),
        "output": nir.Output({"output": np.array([2])}),
    }
    chain = ["input", "fc", "lif", "rnn", "scale", "li", "output"]
    return nir.NIRGraph(nodes, [*itertools.pairwise(chain)])


if __name__ == "__main__":
    nir.write(Path(__file__).parent / f"{nir.version}.nir", graph())
