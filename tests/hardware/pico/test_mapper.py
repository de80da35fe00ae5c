"""The vendor's mapper beside our count of what a bank takes."""

from dataclasses import replace

import numpy as np
import pytest

from converter import to_nir
from hardware import TARGETS, Configuration, Neurons, deploy
from hardware.pico.mapper import AKIDA, mapped
from hardware.placement import placed
from spiking.errors import MissingSoftwareError, WorkerError
from tests.hardware.chips import configured
from tests.hardware.pico.nets import random_network as integers
from tests.spiking.random_nets import random_network

TARGET = TARGETS["akida-pico"]
needs_akida = pytest.mark.skipif(
    AKIDA.python is None, reason=f"akida is not installed: {AKIDA.command}"
)


@needs_akida
@pytest.mark.parametrize("layers", [1, 3])
def test_it_takes_what_the_placement_says(layers) -> None:
    whole = deploy(to_nir(random_network(1, layers=layers), dt=1e-4), TARGET, dt=1e-4)
    taken, used = mapped(whole), whole.placement.used
    assert taken["TNP_R"] == whole.placement.count == 1
    assert taken["fsram_64b_size"] == used["filter words"].tolist()[0]
    assert taken["stsram_32b_size"] == used["state channels"].tolist()[0]
    assert taken["program bytes"] > 0


@needs_akida
def test_what_it_refuses_breaks_our_limits_too() -> None:
    network, _ = integers(4)
    many, (gates, cell, out) = 129, network.groups
    nothing = np.zeros(many, np.int64)
    wide = Neurons(cell.name, nothing + 1, nothing, nothing + 1 + np.arange(many), nothing)
    into, back, mixed, read = network.synapses
    network = replace(
        network,
        groups=(gates, wide, out),
        synapses=(
            into,
            replace(back, weight=np.zeros((len(gates), many), np.int64)),
            replace(mixed, weight=np.ones((many, len(gates)), np.int64)),
            replace(read, weight=np.zeros((len(out), many), np.int64)),
        ),
    )
    placement = placed(network, TARGET.cores)
    assert placement.count > 1
    with pytest.raises(WorkerError, match="FSRAM size exceeds max limit of 8192"):
        mapped(Configuration(network, placement))


def test_without_akida_the_command_is_told(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
    network, _ = integers(3)
    with pytest.raises(MissingSoftwareError, match="scripts/vendors akida"):
        mapped(configured(network))
