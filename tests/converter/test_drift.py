"""Every differing spike is counted, and the earliest is named."""

import numpy as np
import pytest
import torch

from converter import Drift, drift
from converter.drift import require_samples
from spiking.errors import DriftError, EmptyDataError, ShapeError


def rasters() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {name: generator.random((2, 5, 3, 4)) < 0.5 for name in ("l0.z", "l0.s")}


def test_equal_rasters_do_not_drift() -> None:
    found = drift(rasters(), rasters() | {"l0.relay": np.ones((1, 1), dtype=bool)})
    assert found == Drift(0, 240, "")
    found.require_none(what="the file")


def test_differences_are_counted_and_the_earliest_is_named() -> None:
    other = rasters()
    for name, place in (("l0.z", (1, 4, 0, 0)), ("l0.s", (1, 2, 2, 3)), ("l0.s", (0, 3, 1, 1))):
        other[name][place] ^= True
    found = drift(rasters(), other)
    assert found == Drift(3, 240, "l0.s, step 2, sample 1, unit 2")
    with pytest.raises(DriftError, match=r"the file differs .* in 3 of 240 spikes, first at l0\.s"):
        found.require_none(what="the file")


def test_missing_and_misshapen_populations_are_named() -> None:
    only = {"l0.z": rasters()["l0.z"]}
    with pytest.raises(ShapeError, match=r"population l0\.s: .* \(2, 5, 3, 4\), got None"):
        drift(rasters(), only)
    with pytest.raises(ShapeError, match=r"population l0\.z: .* got \(2, 5, 3, 3\)"):
        drift(only, {"l0.z": only["l0.z"][..., :3]})


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 0, 3)])
def test_inputs_that_prove_nothing_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(EmptyDataError, match="proves nothing"):
        require_samples(torch.zeros(shape))
    require_samples(torch.zeros(1, 1, 3))
