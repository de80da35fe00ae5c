"""Two ticks a step: who may speak when, how inputs enter, and that a chip keeps the network."""

import numpy as np
import pytest

from converter import to_nir
from hardware import TARGETS, check, deploy, emulate, quantize
from hardware.turns import reach, shared
from tests.spiking.random_nets import random_inputs, random_network

CHIPS = ("loihi1", "loihi2", "spinnaker1")


def both(seed: int, name: str):
    """A random network on a chip, the same in exact integers, and their runs."""
    net = random_network(seed, layers=1 + seed % 3)
    graph, x = to_nir(net), net.encode(random_inputs(seed)).numpy()
    chip, exact = (deploy(graph, TARGETS[each], dt=1e-4).network for each in (name, "digital"))
    watched = [group.name for group in chip.groups]
    return chip, emulate(chip, x, watched=watched), emulate(exact, x)


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("seed", range(6))
def test_spikes_are_those_of_the_network_but_for_rounding(name, seed) -> None:
    chip, run, exact = both(seed, name)
    assert list(run.spikes) == list(exact.spikes)
    wrong = [np.mean(run.spikes[each] != exact.spikes[each]) for each in run.spikes]
    assert max(wrong) < 0.01
    fires = [exact.spikes[each].mean() for each in run.spikes]
    assert min(fires) > 0.05
    assert run.trace.overflows == 0
    assert chip.ticks == 2


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("seed", range(6))
def test_gates_are_silent_between_the_steps_and_relays_with_them(name, seed) -> None:
    chip, run, _ = both(seed, name)
    for gates, cells in zip(chip.groups[::2], chip.groups[1::2], strict=False):
        raster = run.trace.spikes[gates.name]
        assert raster[:, gates.tick :: 2].any()
        assert not raster[:, gates.tick - 1 :: 2].any()
        if cells.spikes:
            relays = cells.current_decay == 0
            assert not run.trace.spikes[cells.name][:, cells.tick - 1 :: 2][..., relays].any()


@pytest.mark.parametrize("name", ["loihi1", "spinnaker1"])
def test_without_its_clock_a_gate_would_not_be_heard_in_time(name) -> None:
    chip, run, _ = both(2, name)
    gates = chip.groups[0]
    currents = run.trace.currents[gates.name]
    potentials = run.trace.potentials[gates.name]
    # between the steps cells do reach the gates; it is the missing clock that keeps them silent
    assert currents[:, gates.tick + 1 :: 2].any()
    assert (potentials <= gates.threshold).all()


def test_inputs_are_digits_or_graded_as_the_chip_has_them() -> None:
    net = random_network(0)
    graph = to_nir(net)
    found = [quantize(graph, TARGETS[name], dt=1e-4).entry for name in CHIPS]
    assert [each.way for each in found] == ["digits", "graded", "digits"]
    for each in found:
        assert each.bits == net.grid.input_bits
        assert each.clocks == tuple(2 * n for n in range(len(net.stack)))
        if each.way == "digits":
            assert each.digits == each.bits + 1 + int(net.grid.input_max).bit_length()


@pytest.mark.parametrize("name", CHIPS)
def test_a_graph_that_hides_its_input_is_refused(name) -> None:
    graph = to_nir(random_network(0))
    graph.metadata = {}
    (fault,) = check(graph, TARGETS[name], dt=1e-4)
    assert fault.rule == "inputs_lie_on_a_known_grid"


def test_reach_is_the_larger_sum_of_a_sign_and_equal_rows_share_the_least_scale() -> None:
    weight = np.array([[1.0, -3.0, 1.5], [-1.0, 3.0, -1.5], [2.0, 2.0, 0.0]])
    assert reach(weight).tolist() == [3.0, 3.0, 4.0]
    assert shared(np.array([5.0, 4.0, 9.0]), weight).tolist() == [4.0, 4.0, 9.0]
