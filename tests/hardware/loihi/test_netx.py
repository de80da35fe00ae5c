"""The `.net` file: read back by lava-dl it fires the same spikes; what it cannot say is refused."""

import io
from dataclasses import replace

import h5py
import numpy as np
import pytest

from converter import to_nir
from hardware import (
    TARGETS,
    Configuration,
    Entry,
    Exit,
    Neurons,
    Quantized,
    Synapses,
    deploy,
    emulate,
)
from hardware.loihi.netx import NAME, NETX, netx_file
from hardware.placement import placed
from hardware.run import entered
from hardware.simulator import run_simulator
from spiking.errors import ExportError
from tests.spiking.random_nets import random_network as population


def layered(seed: int) -> tuple[Quantized, np.ndarray]:
    """Input, a recurrent layer, a second one, a plain one; and spikes."""
    rng = np.random.default_rng(seed)
    sizes = [int(n) for n in rng.integers(3, 20, 4)]
    names = ["input", "a", "b", "c"]

    def group(name: str, size: int) -> Neurons:
        one = np.ones(size, np.int64)
        return Neurons(
            name,
            int(rng.integers(50, 300)) * 64 * one,
            rng.integers(-20, 20, size) * 64,
            int(rng.integers(0, 4096)) * one,
            int(rng.integers(1, 4096)) * one,
        )

    def synapses(source: int, target: int) -> Synapses:
        weight = rng.integers(-127, 128, (sizes[target], sizes[source])) * 2
        weight[0, :2] = (2, -2)
        return Synapses(names[source], names[target], weight, 1, 6)

    pairs = [(0, 1), (1, 1), (1, 2), (2, 2), (2, 3)]
    network = Quantized(
        "loihi2",
        1e-3,
        Entry(sizes[0], "digits"),
        Exit("c"),
        tuple(group(n, s) for n, s in zip(names[1:], sizes[1:], strict=True)),
        tuple(synapses(*pair) for pair in pairs),
    )
    return network, -(rng.random((2, 40, sizes[0])) < 0.4).astype(np.int64)


def test_the_file_holds_what_netx_looks_for() -> None:
    network, _ = layered(0)
    with h5py.File(io.BytesIO(netx_file(network)), "r") as file:
        kinds = [file[f"layer/{at}/type"][0].decode() for at in range(3)]
        assert kinds == ["dense_rec", "dense_rec", "dense"]
        first, group = file["layer/0"], network.groups[0]
        assert np.array_equal(first["weight"][()], network.synapses[0].weight)
        assert np.array_equal(first["weight_rec"][()], network.synapses[1].weight)
        assert np.array_equal(first["bias"][()] * 64, group.bias)
        assert 4096 - first["neuron/iDecay"][()] == group.current_decay[0]
        assert 4096 - first["neuron/vDecay"][()] == group.potential_decay[0]
        assert first["neuron/vThMant"][()] * 64 == group.threshold[0]


@pytest.mark.parametrize("seed", range(3))
def test_netx_fires_the_same_spikes(seed) -> None:
    if NETX.python is None:
        pytest.skip(f"lava-dl is not installed: {NETX.command}")
    network, inputs = layered(seed)
    watched = ["a", "b", "c"]
    ours = emulate(network, inputs, watched=watched).trace
    place = placed(network, TARGETS["loihi2"].cores)
    whole = Configuration(network, place, {NAME: netx_file(network)})
    theirs = run_simulator(NETX, whole, entered(network, inputs), watched=watched)
    for name in watched:
        assert np.array_equal(ours.spikes[name], theirs.spikes[name]), name
        assert np.array_equal(ours.potentials[name], theirs.potentials[name]), name
        assert np.array_equal(ours.currents[name], theirs.currents[name]), name
    assert all(ours.spikes[name].any() for name in watched)


def test_what_netx_cannot_say_is_refused_by_name() -> None:
    network, _ = layered(0)
    first, rest = network.groups[0], network.groups[1:]
    odd = first.current_decay.copy()
    odd[0] += 1
    feed = network.synapses[0]
    faults = {
        "values of current_decay": {"groups": (replace(first, current_decay=odd), *rest)},
        "takes biases": {"groups": (replace(first, bias=first.bias + 1), *rest)},
        "no exponent": {"synapses": (replace(feed, shift=7), *network.synapses[1:])},
        "even weights of both signs": {
            "synapses": (replace(feed, weight=np.abs(feed.weight)), *network.synapses[1:])
        },
        "over 3 connections": {"synapses": (feed, *network.synapses)},
    }
    for words, change in faults.items():
        with pytest.raises(ExportError, match=words):
            netx_file(replace(network, **change))
    whole = deploy(to_nir(population(1)), TARGETS["loihi2"], dt=1e-4)
    with pytest.raises(ExportError, match="a layer of netx has one from 'input'"):
        netx_file(whole.network)
