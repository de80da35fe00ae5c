"""Golden vectors come back as they were made, and a forged file is refused."""

import json

import numpy as np
import pytest
import torch

from converter import make_golden, read_golden, write_golden
from converter.drift import rasters
from spiking import Compound
from spiking.errors import CheckpointError
from tests.converter.small_models import random_net, random_x
from tests.spiking.coded_nets import coded_net, inputs


def made(**words):
    return make_golden(random_net(**words), random_x(), dt=1e-4, profiles=("portable", "split"))


@pytest.mark.parametrize("words", [{}, {"layers": 2, "levels": 4}, {"readout": False}])
def test_round_trip(words, tmp_path) -> None:
    golden = made(**words)
    write_golden(golden, tmp_path / "g.npz")
    found = read_golden(tmp_path / "g.npz")
    assert (found.dt, found.logits) == (golden.dt, "readout" not in words)
    assert np.array_equal(found.x, golden.x)
    assert np.array_equal(found.output, golden.output)
    for wanted, given in ((golden.spikes, found.spikes), (golden.places, found.places)):
        assert wanted.keys() == given.keys()
        for name, raster in wanted.items():
            assert raster.dtype == given[name].dtype
            assert np.array_equal(given[name], raster)
    assert all(raster.dtype == bool for raster in found.spikes.values())


def test_it_is_what_the_network_does() -> None:
    net, x = random_net(), random_x()
    golden = make_golden(net, x, dt=1e-4)
    with torch.no_grad():
        run = net.run(x, record=True)
    assert np.array_equal(golden.output, run.logits.numpy())
    assert np.array_equal(golden.spikes["l0.s"], run.spikes["l0.s"].numpy())
    assert golden.spikes["l0.z"].any()


def test_spikes_that_carry_numbers_are_kept_with_them(tmp_path) -> None:
    net, x = coded_net(Compound(8)), inputs()
    write_golden(make_golden(net, x, dt=1e-3), tmp_path / "g.npz")
    found = read_golden(tmp_path / "g.npz")
    with torch.no_grad():
        wanted = rasters(net.run(x, record=True).spikes)
    assert found.spikes.keys() == wanted.keys() == {"l0.h"}
    assert np.array_equal(found.spikes["l0.h"], wanted["l0.h"])
    assert found.spikes["l0.h"].max() > 1


def test_places_say_where_each_neuron_stands() -> None:
    places = made(layers=2, levels=4, hidden=5).places
    # the portable gates are z, i, o of 20 neurons each, then come cells and relays
    assert np.array_equal(places["portable.l0.i"].reshape(-1), 20 + np.arange(20))
    assert np.array_equal(places["portable.l0.s"].reshape(-1), 60 + np.arange(20))
    assert np.array_equal(places["portable.l1.z"].reshape(-1), 100 + np.arange(20))
    for profile in ("portable", "split"):
        every = [at for name, at in places.items() if name.startswith(profile)]
        assert sorted(np.concatenate(every, None)) == list(range(200))


def forged(path, **changes) -> None:
    write_golden(made(), path)
    arrays = dict(np.load(path))
    about = json.loads(bytes(arrays["about"]))
    about |= {name: changes.pop(name) for name in [*changes] if name in ("schema", "dt", "logits")}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, **arrays | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 3}, "schema 3"),
        ({"dt": "soon"}, "dt is 'soon'"),
        ({"dt": 0.0}, "dt is 0"),
        ({"logits": 1}, "logits 1"),
        ({"spikes.l0.z": np.zeros((4, 8, 5), bool)}, r"l0\.z is bool of 3 axes"),
        ({"spikes.l0.z": np.zeros((4, 7, 5, 8), bool)}, "samples and steps"),
        ({"spikes.l0.z": np.zeros((4, 8, 5, 8), np.int64)}, r"l0\.z is int64"),
        ({"places.portable.l0.z": np.zeros(3)}, r"l0\.z is float64"),
        ({"x": np.zeros((4, 8, 3))}, "x is float64"),
    ],
)
def test_forged_arrays_and_headers_are_named(changes, message, tmp_path) -> None:
    forged(tmp_path / "g.npz", **changes)
    with pytest.raises(CheckpointError, match=message):
        read_golden(tmp_path / "g.npz")


def test_another_npz_is_no_golden_vectors(tmp_path) -> None:
    np.savez(tmp_path / "g.npz", x=np.zeros(3))
    with pytest.raises(CheckpointError, match="about"):
        read_golden(tmp_path / "g.npz")
