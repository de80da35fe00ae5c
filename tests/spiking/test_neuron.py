"""The layer keeps snnTorch's conventions without their traps."""

import pytest
import snntorch as snn
import torch

from spiking import SpikingSubLSTM, reset
from spiking.errors import ConfigError, ShapeError
from tests.spiking.random_nets import random_inputs, random_network


def layer(**words) -> SpikingSubLSTM:
    old = random_network(1, on_grid=False).stack[0]
    return SpikingSubLSTM(
        old.weight_ih, old.weight_hh, old.bias, old.forget, code=old.code, **words
    )


def test_steps_and_whole_are_equal_and_leave_their_arguments_alone() -> None:
    neuron, x = layer(), random_inputs(1)
    whole, last = neuron(x)
    state = None
    for t in range(x.shape[1]):
        before = None if state is None else [part.clone() for part in state]
        old = state
        spk, state = neuron(x[:, t], state)
        assert torch.equal(spk, whole[:, t])
        if old is not None:
            assert all(torch.equal(a, b) for a, b in zip(old, before, strict=True))
    assert torch.equal(state.cell, last.cell)


def test_kept_state_lives_until_reset_and_is_never_replaced_silently() -> None:
    neuron, x = layer(init_hidden=True), random_inputs(1)
    first = neuron(x)
    assert not torch.equal(first, neuron(x))
    cell = neuron.state.cell
    with pytest.raises(ShapeError, match="reset_mem"):
        neuron(x[:1])
    assert neuron.state.cell is cell
    reset(torch.nn.Sequential(neuron))
    assert torch.equal(first, neuron(x))
    with pytest.raises(ConfigError, match="keeps its own"):
        neuron(x, neuron.state)


def test_reset_touches_our_layers_only_and_snntorch_cannot_touch_ours() -> None:
    neuron, leaky = layer(init_hidden=True), snn.Leaky(beta=0.5, init_hidden=True)
    x = random_inputs(1)
    neuron(x)
    leaky(torch.ones(2, 3))
    memory = leaky.mem.clone()
    reset(torch.nn.ModuleList([neuron, leaky]))
    assert torch.equal(leaky.mem, memory)
    assert neuron.state is None
    assert all(kept is not neuron for kept in snn.SpikingNeuron.instances)


def test_output_returns_the_state_and_gradients_flow() -> None:
    neuron, x = layer(init_hidden=True, output=True), random_inputs(1)
    spk, state = neuron(x)
    assert state is neuron.state
    spk.sum().backward()
    assert neuron.weight_ih.grad is not None
    assert bool(neuron.weight_ih.grad.any())
    neuron.detach_hidden()
    assert not neuron.state.cell.requires_grad


def test_wrong_shapes_are_named() -> None:
    old = layer()
    with pytest.raises(ShapeError, match="weight_hh"):
        SpikingSubLSTM(old.weight_ih, old.weight_ih, old.bias, old.forget, code=old.code)
    with pytest.raises(ShapeError, match="bias"):
        SpikingSubLSTM(old.weight_ih, old.weight_hh, old.bias[:-1], old.forget, code=old.code)
    with pytest.raises(ShapeError, match="axes"):
        old(torch.zeros(3))
    with pytest.raises(ShapeError, match="step"):
        old.step(torch.zeros(2, 9))
