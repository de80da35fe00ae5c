"""The chip emulator of nengo-loihi: sums that overflow its registers, and what its blocks take."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import hardware
from converter import to_nir
from hardware import TARGETS, deploy, emulate, save, simulate
from hardware.placement import Cores, placed
from hardware.run import entered
from spiking.errors import WorkerError
from tests.hardware.chips import configured
from tests.hardware.loihi.nets import random_network
from tests.spiking.random_nets import random_network as population

NENGO = next(s for s in TARGETS["loihi1"].simulators if s.name == "nengo_loihi")
pytestmark = pytest.mark.skipif(
    NENGO.python is None, reason=f"nengo-loihi is not installed: {NENGO.command}"
)


@pytest.mark.parametrize("seed", range(10))
def test_wild_networks_are_equal_too(seed) -> None:
    network, inputs = random_network(seed)
    watched = [group.name for group in network.groups]
    ours = emulate(network, inputs, watched=watched)
    theirs = simulate(configured(network), inputs, watched=watched)
    for name in watched:
        assert np.array_equal(ours.trace.spikes[name], theirs.trace.spikes[name])
        assert np.array_equal(ours.trace.potentials[name], theirs.trace.potentials[name])
        assert np.array_equal(ours.trace.currents[name], theirs.trace.currents[name])
    assert ours.trace.overflows > 0 or seed % 5 > 1


def used(configuration, folder: Path) -> dict[str, np.ndarray]:
    """`block.utilization()` of every block."""
    save(configuration, folder / "configuration.npz")
    arriving = np.zeros((1, 1, configuration.network.entry.channels), np.int64)
    np.savez(folder / "arriving.npz", arriving=arriving)
    place = str(Path(hardware.__file__).parent)
    command = [str(NENGO.python), "-m", "workers.serve", "nengo_loihi", "0", str(folder)]
    subprocess.run(command, env={"PYTHONPATH": place}, check=True, capture_output=True)
    with np.load(folder / "done.npz") as done:
        names = json.loads(done["names"].tobytes())
        return {name: done[f"a{at}"] for at, (kind, name) in enumerate(names) if kind == "used"}


@pytest.mark.parametrize("seed", [3, 4, 8, "population"])
def test_cores_are_as_full_as_its_blocks(seed, tmp_path) -> None:
    chip = TARGETS["loihi1"].cores
    if seed == "population":
        whole = deploy(to_nir(population(1, layers=2)), TARGETS["loihi1"], dt=1e-4)
    else:
        network, _ = random_network(seed)
        small = Cores(None, {"neurons": 7}, chip.loads, chip.tallies)
        whole = hardware.configure(network, placed(network, small))
    theirs = used(whole, tmp_path)
    pairs = {"neurons": "compartments", "synapse bits": "synapses"}
    for ours in ("neurons", "in-axons", "out-axons", "synapse bits"):
        assert np.array_equal(whole.placement.used[ours], theirs[pairs.get(ours, ours)]), ours


def test_graded_spikes_are_refused(tmp_path) -> None:
    from hardware.simulator import run_simulator

    whole = deploy(to_nir(population(1)), TARGETS["loihi2"], dt=1e-4)
    with pytest.raises(WorkerError, match="spikes of this emulator are binary"):
        run_simulator(NENGO, whole, entered(whole.network, np.zeros((1, 2, 3))))
