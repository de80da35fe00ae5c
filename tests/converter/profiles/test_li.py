"""The li profile has one leaky integrator a unit, which holds the cell in quanta."""

import nir
import numpy as np
import torch

from converter import run_nir, to_nir
from converter.profiles.li import mix_of
from tests.converter.small_models import random_net, random_x


def test_the_integrators_hold_the_cell() -> None:
    net, x = random_net(levels=8, readout=False), random_x(steps=20)
    graph = to_nir(net, profile="li")
    integrators = [name for name, node in graph.nodes.items() if isinstance(node, nir.LI)]
    assert integrators == ["l0_n4_cell"]
    # what the integrators say is let out of the graph in place of its output
    edges = [edge for edge in graph.edges if edge[1] != "output"]
    nodes = graph.nodes | {"output": nir.Output({"output": np.array([45])})}
    seen = nir.NIRGraph(nodes, [*edges, ("l0_n4_cell", "output")], type_check=False)
    found = run_nir(seen, net.encode(x).numpy(), dt=1e-4).output[..., :5]
    with torch.no_grad():
        cells = net.run(x, record=True).cells["l0.c"].numpy() * 8
    np.testing.assert_allclose(found, cells, rtol=0.0, atol=1e-12)
    assert np.abs(cells).max() > 4


def test_gates_are_mixed_to_differences_and_relays() -> None:
    counts = np.array([[-1.0, 1.0]])
    found = mix_of(counts) @ np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
    assert np.array_equal(found, [2.0, 1.0, 0.0])
