"""The stepwise profile is the network for a reader that is unlike NIR in everything."""

import nir
import numpy as np
import pytest
import torch

from converter import PRESETS, convert, quantize, run_nir, to_nir
from spiking import Population, SpikingNetwork
from tests.converter.small_models import random_net, random_rnn, random_x


def test_it_is_written_for_affine_lif_and_li_alone() -> None:
    graph = to_nir(random_net(layers=2), profile="stepwise")
    kinds = {type(node) for node in graph.nodes.values()}
    assert kinds == {nir.Input, nir.Affine, nir.LIF, nir.LI, nir.Output}
    assert (graph.nodes["l0_n4_cell"].r == 1.0).all()


def test_its_decays_are_counted_in_steps() -> None:
    net = random_net(levels=2)
    kept = np.exp(-1.0 / to_nir(net, profile="stepwise").nodes["l0_n4_cell"].tau)
    forget = net.stack[0].forget.detach().numpy()
    np.testing.assert_allclose(kept[:5], forget, rtol=1e-14)
    assert not kept[5:].any(), "relays keep nothing"


def test_a_unit_that_forgets_all_at_once_is_carried() -> None:
    net, x = random_net(levels=4), random_x()
    with torch.no_grad():
        net.stack[0].forget[1] = 0.0
        wanted = net.run(x).logits.numpy()
    graph = to_nir(net, profile="stepwise")
    done = run_nir(graph, net.encode(x).numpy(), dt=1e-4, semantics=PRESETS["sinabs"])
    assert np.array_equal(done.output, wanted)


@pytest.mark.parametrize("levels", [2, 5, 8, 64])
def test_nobody_fires_twice_however_hard_it_is_driven(levels: int) -> None:
    rate = random_rnn(levels, hidden=2)
    with torch.no_grad():
        for value in rate.parameters():
            value.mul_(4.0)
    two_sided = levels % 2 == 0
    net = quantize(convert(rate, code=Population(levels, two_sided)).network, weight_bits=4)
    x = torch.ones(2, 40, 3) * torch.tensor([1.0, -1.0])[:, None, None]
    graph = to_nir(net, profile="stepwise")
    done = run_nir(graph, x.numpy(), dt=1e-4, semantics=PRESETS["sinabs"])
    assert done.counts == {}
    with torch.no_grad():
        assert np.array_equal(done.output @ decode(net).T, net.run(x).output.numpy() * levels)


def decode(net: SpikingNetwork) -> np.ndarray:
    signs = np.kron(np.eye(net.stack[-1].hidden_size), net.stack[-1].signs.numpy()[None, :])
    return np.concatenate([signs, -signs], axis=1)


@pytest.mark.parametrize("scale", [0.01, 0.3, 1.0, 8.0])
@pytest.mark.parametrize("levels", [1, 2, 8])
def test_single_precision_holds_its_weights(scale: float, levels: int) -> None:
    rate = random_rnn(levels)
    with torch.no_grad():
        for value in rate.parameters():
            value.mul_(scale)
    net = quantize(convert(rate, code=Population(levels, two_sided=levels > 1)).network)
    for node in to_nir(net, profile="stepwise").nodes.values():
        if isinstance(node, nir.Affine):
            assert np.array_equal(node.weight, node.weight.astype(np.float32))
            assert np.array_equal(node.bias, node.bias.astype(np.float32))
