"""The integer emulator against its own definition, slow and scalar."""

import numpy as np
import pytest

from hardware import simulate
from hardware.emulator import HIGH, LOW, shifted
from tests.hardware.chips import random_placement


def scalar(placement, inputs) -> tuple[list, list]:
    """The vendor's loop, one spike and one neuron at a time, in Python integers."""
    a = {name: each.tolist() for name, each in placement.arrays.items()}

    def clamp(v: int) -> int:
        return min(max(v, LOW), HIGH)

    def drop(v: int, d: int) -> int:
        return (v >> d) or (v > 0) - (v < 0)

    def neuron(v: int, i: int, name: str, n: int, most: int) -> tuple[int, int, int]:
        i -= drop(i, a[f"{name}.dash_syn"][n])
        leak = -drop(v, a[f"{name}.dash_mem"][n])
        leak = LOW if leak > HIGH else leak
        v = clamp(v + clamp(clamp(leak + i) + a[f"{name}.bias"][n]))
        count = 0
        while v >= a[f"{name}.threshold"][n] and count < most:
            count, v = count + 1, v - a[f"{name}.threshold"][n]
        return v, i, count

    hidden, outputs = len(a["hidden.bias"]), len(a["readout.bias"])
    v, i, fired = [0] * hidden, [0] * hidden, [0] * hidden
    v_out, i_out = [0] * outputs, [0] * outputs
    spikes, potentials = [], []
    for x in inputs.tolist():
        for name, source in (("input.weight", x), ("recurrent.weight", fired)):
            for s, count in enumerate(source):
                for _ in range(count):
                    i = [clamp(c + a[name][n][s]) for n, c in enumerate(i)]
        for s, count in enumerate(fired):
            for _ in range(count):
                i_out = [clamp(c + a["readout.weight"][n][s]) for n, c in enumerate(i_out)]
        done = [neuron(v[n], i[n], "hidden", n, 31) for n in range(hidden)]
        v, i, fired = (list(part) for part in zip(*done, strict=True))
        done = [neuron(v_out[n], i_out[n], "readout", n, 1) for n in range(outputs)]
        v_out, i_out, _ = (list(part) for part in zip(*done, strict=True))
        spikes.append(fired)
        potentials.append(v_out)
    return spikes, potentials


@pytest.mark.parametrize("seed", range(6))
def test_vectorised_equals_scalar(seed) -> None:
    placement, inputs = random_placement(seed)
    run = simulate(placement, inputs)
    for sample in range(2):
        spikes, potentials = scalar(placement, inputs[sample])
        assert np.array_equal(run.spikes["n2_hidden"][sample], spikes)
        assert np.array_equal(run.outputs[sample], potentials)


def test_a_decay_never_stalls() -> None:
    values = np.array([0, 1, -1, 9, -9, -32768])
    assert shifted(values, np.array(15)).tolist() == [0, 1, -1, 1, -1, -1]


def test_clamped_additions_are_counted() -> None:
    tame, x = random_placement(2)
    wild, y = random_placement(0)
    assert simulate(wild, y).saturations > 0
    tame.arrays["hidden.bias"][:] = 0
    assert simulate(tame, 0 * x).saturations == 0
