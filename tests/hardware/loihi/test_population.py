"""The portable graph in Loihi's registers: every rounding is said."""

import pytest

from converter import to_nir
from hardware import TARGETS, deploy
from tests.spiking.random_nets import random_network


@pytest.mark.parametrize("name", ["loihi1", "loihi2"])
def test_every_rounding_is_noted_with_its_error(name) -> None:
    graph = to_nir(random_network(1, layers=2))
    notes = "\n".join(deploy(graph, TARGETS[name], dt=1e-4).network.notes)
    for what in ("weights", "biases", "decays per step", "thresholds"):
        assert f"{what} rounded, largest error" in notes
