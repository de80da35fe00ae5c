"""From a network in compound code to arrays: the same numbers, the same units, refusals by name."""

import numpy as np
import pytest
import torch

from hardware import TARGETS, check, deploy, emulate
from spiking import CodedNetwork, Compound, Native, Population
from spiking.activation import ACTIVATIONS
from spiking.errors import ConfigError, CoverageError
from subspike import compound_network
from subspike.compounds import line_of
from tests.spiking.coded_nets import GRID, coded_net
from tests.spiking.random_nets import random_network

WORDS = {"input_bits": GRID.input_bits, "input_max": GRID.input_max}
CODE = Compound(16)


@pytest.mark.parametrize("activation", ["sigmoid", "plan", "hard_sigmoid", "tanh"])
@pytest.mark.parametrize("layers", [1, 2])
def test_units_on_the_chip_say_what_the_network_says(layers, activation) -> None:
    # weak enough that a quantum more or less does not grow; the line of tanh is the coarsest
    net = coded_net(CODE, layers=layers, activation=activation, gain=0.3)
    x = net.encode(torch.rand(4, 20, 3, generator=torch.Generator().manual_seed(0)))
    arrays = compound_network(net, **WORDS)
    assert check(arrays, TARGETS["loihi2-graded"], dt=1e-4) == ()
    run = emulate(deploy(arrays, TARGETS["loihi2-graded"], dt=1e-4).network, x.numpy())
    with torch.no_grad():
        wanted = net.run(x, spell=False)
    found = run.spikes[f"l{layers - 1}_output"].cumsum(1) / CODE.levels
    assert np.mean(found != wanted.output.numpy()) < 0.1
    assert np.abs(found - wanted.output.numpy()).max() <= 3 / CODE.levels
    assert np.abs(run.outputs - wanted.logits.numpy()).mean() < 0.05
    assert wanted.output.abs().max() > 0.2


@pytest.mark.parametrize("name", ["plan", "hard_sigmoid"])
def test_a_line_of_straight_pieces_is_the_function_itself(name) -> None:
    assert line_of(ACTIVATIONS[name])[1] < 1e-12


def test_the_line_of_the_sigmoid_is_near_it() -> None:
    line, error = line_of(ACTIVATIONS["sigmoid"])
    assert (len(line), line[64]) == (129, 0.5)
    assert error == pytest.approx(1 / (1 + np.exp(8)), rel=0.01)


def test_what_units_do_not_hold_is_refused_by_name() -> None:
    for other in (coded_net(Population(4)), coded_net(Compound(8, message="bits"))):
        with pytest.raises(CoverageError, match="message='delta'"):
            compound_network(other, **WORDS)
    with pytest.raises(CoverageError, match="Population"):
        compound_network(random_network(1), **WORDS)
    with pytest.raises(CoverageError, match="forget='fixed'"):
        compound_network(coded_net(CODE, forget=Native()), **WORDS)
    bare = CodedNetwork(coded_net(CODE).stack, None)
    with pytest.raises(ConfigError, match="readout"):
        compound_network(bare, **WORDS)
