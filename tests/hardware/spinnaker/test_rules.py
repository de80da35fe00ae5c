"""What SpiNNaker's numbers cannot hold is said, all of it at once."""

from converter import to_nir
from hardware import TARGETS, check
from tests.spiking.random_nets import random_network


def test_weights_that_bury_a_threshold_in_their_sum_are_refused_with_all_else() -> None:
    graph = to_nir(random_network(0))
    assert check(graph, TARGETS["spinnaker1"], dt=1e-4) == ()
    gates = next(node for name, node in graph.nodes.items() if name.endswith("n1_in"))
    gates.weight = gates.weight * 2**12
    graph.metadata = {}
    faults = check(graph, TARGETS["spinnaker1"], dt=1e-4)
    assert [fault.rule for fault in faults] == [
        "inputs_lie_on_a_known_grid",
        "ring_buffers_resolve_thresholds",
    ]
    assert faults[1].limit == "255"
