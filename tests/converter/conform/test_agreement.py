"""Agreement is counted bin by bin, on exactly known rasters."""

import math

import numpy as np

from converter.conform import Agreement, agreement, merged


def raster(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((2, 7, 3, 4)) < 0.5


def test_equal_rasters_agree_whatever_their_types() -> None:
    one = {"l0.z": raster(0), "l0.i": raster(1)}
    found = agreement(one, {name: value.astype(np.uint8) for name, value in one.items()})
    fired = int(one["l0.z"].sum() + one["l0.i"].sum())
    assert found == Agreement(0, 2 * 2 * 7 * 12, (fired, fired), None)
    assert found.equal
    assert (found.ratio, found.share) == (1.0, 0.0)


def test_every_difference_counts_and_the_first_is_named() -> None:
    one, other = raster().astype(np.uint8), raster().astype(np.uint8)
    for sample, step, unit in ((1, 5, 0), (0, 3, 2), (1, 3, 1)):
        other[sample, step, unit, 0] ^= 1
    other[0, 6, 1, 1] += 2  # two spikes more in a bin are one differing bin
    found = agreement({"n": one}, {"n": other})
    assert (found.differing, found.first, found.equal) == (4, 3, False)
    assert found.spikes == (int(one.sum()), int(other.sum()))
    assert found.share == 4 / one.size


def test_what_is_not_shown_or_of_another_shape_is_unseen_not_equal() -> None:
    one = {"a": raster(), "b": raster(), "c": raster()}
    found = agreement(one, {"a": raster(), "b": raster()[:, :-1]})
    assert found.unseen == ("b", "c")
    assert (found.differing, found.total) == (0, raster().size)
    assert not found.equal


def test_outputs_are_compared_where_given() -> None:
    one = np.linspace(0.0, 1.0, 12).reshape(1, 4, 3)
    other = one.copy()
    other[0, 2, 1] += 2.0**-40
    found = agreement({"n": raster()}, {"n": raster()}, (one, other))
    assert (found.differing, found.outputs, found.first, found.equal) == (0, 1, 2, False)
    assert agreement({}, {}, (one, one[:, :3])).outputs == 12


def test_spikes_that_carry_numbers_are_compared_as_numbers() -> None:
    one = np.where(raster(), 0.25, 0.0)
    other = one.copy()
    other[0, 0] = 0.125
    found = agreement({"n": one}, {"n": other})
    assert found.differing == 12
    assert found.spikes == (int((one > 0).sum()), int((other > 0).sum()))


def test_ratios_of_silence() -> None:
    silent, loud = np.zeros((1, 2, 3), bool), np.ones((1, 2, 3), bool)
    assert agreement({"n": silent}, {"n": silent}).ratio == 1.0
    assert math.isinf(agreement({"n": silent}, {"n": loud}).ratio)
    assert agreement({"n": loud}, {"n": silent}).ratio == 0.0


def test_cases_add_up() -> None:
    one = Agreement(2, 10, (5, 4), 7, ("a",), 1)
    other = Agreement(0, 20, (6, 6), None)
    late = Agreement(1, 5, (0, 1), 3, ("a", "b"))
    assert merged([one, other, late]) == Agreement(3, 35, (11, 11), 3, ("a", "b"), 1)
    assert merged([]) == Agreement(0, 0, (0, 0), None)
