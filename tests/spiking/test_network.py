"""A spiking network streams, runs whole and runs in pieces with the same bits."""

import pytest
import torch

from spiking import SpikingNetwork
from spiking.errors import ConfigError, NotFiniteError, ShapeError
from tests.spiking.random_nets import random_inputs, random_network

VARIANTS = [
    {"layers": layers, "two_sided": sides, "on_grid": grid}
    for layers in (1, 3)
    for sides in (True, False)
    for grid in (True, False)
]


@pytest.mark.parametrize("words", VARIANTS, ids=str)
def test_streaming_chunks_and_whole_are_equal(words) -> None:
    net, x = random_network(1, **words), random_inputs(2)
    whole = net.run(x, record=True)
    state, logits = None, []
    for x_t in x.unbind(1):
        now, state = net.step(x_t, state)
        logits.append(now.logits)
    assert torch.equal(torch.stack(logits, 1), whole.logits)
    first = net.run(x[:, :4], record=True)
    second = net.run(x[:, 4:], state=first.state, record=True)
    for name, spikes in whole.spikes.items():
        assert torch.equal(torch.cat([first.spikes[name], second.spikes[name]], 1), spikes)
        assert torch.equal(first.counts[name] + second.counts[name], whole.counts[name])
        assert torch.equal(spikes.sum((1, 3)), whole.counts[name])
    for one, two in zip(whole.state, second.state, strict=True):
        assert torch.equal(one.cell, two.cell)
    assert torch.equal(net(x), whole.logits[:, -1])


def test_lengths_stop_counting_and_choose_the_last_valid_step() -> None:
    net, x = random_network(3, layers=2), random_inputs(4)
    lengths = torch.tensor([9, 1, 5])
    run = net.run(x, lengths=lengths)
    for sample, steps in enumerate(lengths.tolist()):
        alone = net.run(x[sample : sample + 1, :steps])
        assert torch.equal(net(x, lengths)[sample], alone.logits[0, -1])
        assert torch.equal(run.counts["l1.s"][sample], alone.counts["l1.s"][0])


def test_inputs_are_clipped_to_and_rounded_on_the_grid() -> None:
    net = random_network(5)
    encoded = net.encode(torch.tensor([[[9.0, -9.0, 0.1]]]))
    assert encoded[0, 0, 0] == 4.0
    assert encoded[0, 0, 1] == -4.0
    scaled = encoded * 2.0**net.grid.input_bits
    assert torch.equal(scaled, scaled.round())


def test_bad_input_is_named() -> None:
    net = random_network(6)
    with pytest.raises(NotFiniteError, match="1 inputs"):
        net.run(torch.tensor([[[float("nan"), 0.0, 0.0]]]))
    with pytest.raises(ShapeError, match="expected"):
        net.run(torch.zeros(2, 3, 4))
    with pytest.raises(ShapeError, match="state has 0 layers"):
        net.step(torch.zeros(2, 3), ())
    with pytest.raises(ConfigError, match="at least one"):
        SpikingNetwork([], None)
    other = random_network(6, levels=4)
    with pytest.raises(ConfigError, match="differ"):
        SpikingNetwork([*net.stack, *other.stack], None)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_fires_the_same_spikes() -> None:
    net, x = random_network(7, layers=2), random_inputs(8)
    here = net.run(x, record=True).spikes
    there = net.to("cuda").run(x.to("cuda"), record=True).spikes
    for name, spikes in here.items():
        assert torch.equal(spikes, there[name].cpu())
