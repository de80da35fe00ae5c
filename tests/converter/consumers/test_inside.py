"""What installs beside torch reads files written here and fires the same spikes: on every CI."""

import os

import numpy as np
import pytest
import torch

from converter import CONSUMERS, drift, export_nir, populations, run_consumer
from spiking.errors import ConfigError, GraphError, MissingSoftwareError
from tests.converter.small_models import random_net, random_x

BESIDE = sorted(name for name, consumer in CONSUMERS.items() if not consumer.apart)


@pytest.mark.parametrize("library", BESIDE)
@pytest.mark.parametrize("seed", range(4))
def test_the_library_fires_the_same_spikes(library, seed, tmp_path) -> None:
    consumer = CONSUMERS[library]
    if consumer.python is None:
        assert not os.environ.get("CI"), f"{library} is missing; CI proves all of them"
        pytest.skip(f"{library} is not installed here")
    words = {"layers": 1 + seed % 2, "levels": (8, 4, 6, 16)[seed], "hidden": 3 + seed}
    activation = ("sigmoid", "hard_sigmoid")[seed // 2]
    net, x = random_net(seed, activation=activation, **words), random_x(seed, steps=20)
    path = tmp_path / "x.nir"
    export_nir(net, path, x, profile=consumer.profile, dialect=consumer.dialect)
    x = net.encode(x)
    with torch.no_grad():
        run = net.run(x, record=True)
    spikes, outputs = run_consumer(library, path, x)
    wanted = {name: raster.numpy() for name, raster in run.spikes.items()}
    found = drift(wanted, populations(spikes, net, profile=consumer.profile))
    assert (found.differing, found.first) == (0, "")
    assert found.total == sum(raster.size for raster in wanted.values())
    assert np.array_equal(outputs, run.logits.numpy())


def test_bad_requests_are_named(tmp_path, monkeypatch) -> None:
    with pytest.raises(ConfigError, match="choose one of"):
        run_consumer("brian", tmp_path / "x.nir", random_x())
    with pytest.raises(ConfigError, match="use run_guarded"):
        run_consumer("lava", tmp_path / "x.nir", random_x())
    with pytest.raises(GraphError, match="no such file"):
        run_consumer("snntorch", tmp_path / "x.nir", random_x())
    export_nir(random_net(), tmp_path / "x.nir", random_x())
    monkeypatch.setitem(__import__("sys").modules, "norse", None)
    monkeypatch.setitem(__import__("sys").modules, "norse.torch", None)
    with pytest.raises(MissingSoftwareError, match=r"pip install 'subspike\[norse\]'"):
        run_consumer("norse", tmp_path / "x.nir", random_x())
