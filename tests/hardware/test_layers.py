"""The portable profile is recognised at any depth; other graphs are not taken for it."""

import pytest

from converter import to_nir
from hardware import TARGETS, check
from hardware.layers import read_stack
from tests.hardware.chips import chain
from tests.spiking.random_nets import random_network


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_layers_are_found_from_input_to_top(layers) -> None:
    found = read_stack(to_nir(random_network(1, layers=layers)))
    assert [layer.gates for layer in found.layers] == [f"l{k}_n2_gates" for k in range(layers)]
    assert found.layers[-1].recurrent == f"l{layers - 1}_n5_rec"
    assert found.readout == "n6_readout"


def test_another_graph_is_refused_by_name() -> None:
    assert read_stack(chain()) is None
    (fault,) = check(chain(), TARGETS["digital"], dt=1e-3)
    assert fault.rule == "graph_is_a_stack_of_populations"


def test_the_portable_graph_is_no_xylo_chain() -> None:
    faults = check(to_nir(random_network(1)), TARGETS["xylo-audio3"], dt=1e-4)
    assert [fault.rule for fault in faults] == ["graph_is_one_recurrent_hidden_layer"]
