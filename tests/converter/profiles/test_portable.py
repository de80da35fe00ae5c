"""The portable profile is what snnTorch, Norse and sc-neurocore can read alike."""

import itertools

import nir
import numpy as np
import pytest

from converter import to_nir
from tests.converter.small_models import random_net


@pytest.mark.parametrize("dt", [1e-4, 1e-3])
def test_one_chain_of_affine_and_memoryless_neurons(dt: float) -> None:
    net = random_net(layers=2, levels=4)
    graph = to_nir(net, dt=dt)
    inner = [name for name in graph.nodes if name not in ("input", "output")]
    assert inner == sorted(inner)
    assert {type(graph.nodes[name]) for name in inner} == {nir.Affine, nir.CubaLIF}
    chain = [name for name in graph.nodes if not name.endswith("n5_rec")]
    back = [
        pair
        for layer in ("l0", "l1")
        for pair in (
            (f"{layer}_n4_cell", f"{layer}_n5_rec"),
            (f"{layer}_n5_rec", f"{layer}_n2_gates"),
        )
    ]
    assert set(graph.edges) == {*itertools.pairwise(chain), *back}
    for layer in ("l0", "l1"):
        leaving = [b for a, b in graph.edges if a == f"{layer}_n4_cell"]
        assert leaving[0] == f"{layer}_n5_rec", "importers schedule by the first edge"
    for name in inner:
        node = graph.nodes[name]
        assert all(value.dtype == np.float64 for value in arrays(node))
        if isinstance(node, nir.CubaLIF):
            assert (node.tau_mem == dt).all()
            assert (node.r == node.tau_mem / dt).all()
            assert (node.w_in == node.tau_syn / dt).all()
            assert (node.v_threshold == 1.0).all()
            assert not node.v_leak.any()
            assert not node.v_reset.any()


def arrays(node: nir.NIRNode) -> list[np.ndarray]:
    return [v for n, v in vars(node).items() if isinstance(v, np.ndarray) and "_type" not in n]


def test_cells_decay_by_their_units_forget_and_relays_at_once() -> None:
    net = random_net(levels=4)
    decay = 1.0 - 1e-4 / to_nir(net).nodes["l0_n4_cell"].tau_syn
    forget = np.repeat(net.stack[0].forget.detach().numpy(), 4)
    np.testing.assert_allclose(decay, np.concatenate([forget, 0.0 * forget]), atol=1e-15)
