"""A sweep gives the same points in one process, in many, and in Ray's."""

import pytest
import torch

from spiking.errors import ConfigError, MissingSoftwareError
from subspike import TrainSettings, load_task, train
from subspike.sweep import sweep


@pytest.fixture(scope="module")
def trained():
    task = load_task("digits-rows")
    return train(task, settings=TrainSettings(hidden=16, epochs=10), progress=False), task


def test_more_levels_lose_less_for_more_spikes(trained) -> None:
    points = sweep(*trained, levels=(2, 4, 16))
    assert [point.levels for point in points] == [2, 4, 16]
    assert points[0].accuracy.value < points[2].accuracy.value
    errors = [abs(point.expected - point.accuracy.value) for point in points]
    assert errors[2] < 0.05
    assert points[0].expected < points[2].expected
    assert points[0].spikes < points[1].spikes < points[2].spikes


def test_a_pool_of_processes_gives_the_same_points(trained) -> None:
    alone = sweep(*trained, levels=(4, 2))
    assert sweep(*trained, levels=(4, 2), processes=2) == alone


def test_ray_gives_the_same_points(trained) -> None:
    pytest.importorskip("ray", reason="ray is not installed here")
    alone = sweep(*trained, levels=(4, 2))
    assert sweep(*trained, levels=(4, 2), pool="ray", processes=2) == alone


def test_what_is_not_here_is_named(trained, monkeypatch) -> None:
    with pytest.raises(ConfigError, match=r"\['local', 'ray'\]"):
        sweep(*trained, levels=(2,), pool="farm", processes=2)
    monkeypatch.setitem(__import__("sys").modules, "ray.util.multiprocessing", None)
    with pytest.raises(MissingSoftwareError, match=r"subspike\[ray\]"):
        sweep(*trained, levels=(2,), pool="ray", processes=2)
    assert torch.is_grad_enabled()
