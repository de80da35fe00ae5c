"""The readable profile names the symbols of the equations, and its nodes hold their values."""

import nir
import numpy as np
import torch

from converter import run_nir, to_nir
from tests.converter.small_models import random_net, random_x


def test_every_symbol_is_a_node() -> None:
    graph = to_nir(random_net(levels=4), profile="readable", dt=1e-3)
    kinds = {name: type(node) for name, node in graph.nodes.items()}
    for gate in "zios":
        assert kinds[f"l0_{gate}"] is nir.Threshold
    assert kinds["l0_c"] is nir.LI
    assert kinds["l0_h"] is nir.Scale
    assert (graph.nodes["l0_h_last"].delay == 1e-3).all()
    assert nir.CubaLIF not in kinds.values()


def test_h_is_said_in_counts() -> None:
    net, x = random_net(levels=4, readout=False), random_x()
    done = run_nir(to_nir(net, profile="readable"), net.encode(x).numpy(), dt=1e-4)
    with torch.no_grad():
        wanted = net.run(x).output.numpy() * 4
    assert np.array_equal(done.output, wanted)


def test_thresholds_are_those_of_the_code_with_their_signs() -> None:
    net = random_net(levels=4)
    layer = net.stack[0]
    graph = to_nir(net, profile="readable")
    signed = (layer.threshold * layer.signs).double().numpy()
    assert np.array_equal(graph.nodes["l0_z"].threshold, np.tile(signed, 5))
    cells = (layer.cell_threshold * layer.signs).numpy()
    assert np.array_equal(graph.nodes["l0_s"].threshold, np.tile(cells, 5))
