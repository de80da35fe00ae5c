"""Costs add up over batches, and are those of the runs themselves."""

import numpy as np
import pytest
import torch

from converter import convert, quantize
from spiking import Compound, Native, Population, Rate, activity, coded_activity, dense_macs
from spiking.errors import ConfigError
from subspike.cost import ADDITION_PJ, MAC_PJ, cost, neurons, rate_cost
from tests.subspike.trained import CLASSES, STEPS, UNITS, digits, rate_model

TASK = digits()
X, Y = TASK.test_x[:50], TASK.test_y[:50]


def net_of(code, forget="fixed"):
    way = Native() if forget == "gated" else None
    return quantize(convert(rate_model(forget), code=code, forget=way).network, input_bits=4)


@pytest.mark.parametrize("code", [Population(4), Rate(3), Compound(8)], ids=repr)
def test_cost_is_that_of_the_run(code) -> None:
    net = net_of(code)
    found = cost(net, X, Y, batch=17)
    run = net.run(X)
    used = (activity if isinstance(code, Population) else coded_activity)(net, run.counts)
    assert found.spikes == float(used.spikes.double().mean())
    assert found.synops == float(used.synops.double().mean())
    assert np.array_equal(found.correct, (run.logits[:, -1].argmax(1) == Y).numpy())
    weights = int((net.stack[0].weight_ih != 0).sum()) / 8 * code.copies("z")
    assert found.input_ops == pytest.approx(float((X != 0).sum()) / len(X) * weights, rel=0.1)
    price = MAC_PJ if isinstance(code, Compound) else ADDITION_PJ
    assert found.energy == price * found.synops + MAC_PJ * found.input_ops
    assert found.micro_steps == code.micro_steps


def test_synops_are_those_counted_event_by_event() -> None:
    """Every spike that leaves a unit, at every synapse with a weight; inner ones at their cell."""
    net = net_of(Rate(3, opponent=False))
    run = net.run(X[:4], record=True)
    layer = net.stack[0]
    reached = (layer.weight_hh != 0).sum(0) + (net.readout.weight != 0).sum(0)
    counted = sum(
        ((run.spikes[f"l0.{name}"] != 0).sum((1, 3)) * reached).sum() for name in net.code.outward
    ) + sum((run.spikes[f"l0.{name}"] != 0).sum() for name in "zi")
    assert cost(net, X[:4], Y[:4]).synops == float(counted) / 4


def test_the_rate_model_multiplies_everything() -> None:
    rate = rate_model()
    found = rate_cost(rate, X, Y, batch=7)
    assert found.input_ops == dense_macs(rate.rnn, steps=STEPS, classes=CLASSES)
    assert found.accuracy > 0.8


def test_neurons_of_codes() -> None:
    assert neurons(net_of(Population(4))) == UNITS * 4 * 4
    assert neurons(net_of(Rate(4))) == UNITS * 4
    assert neurons(net_of(Compound(4), "gated")) == UNITS


def test_a_network_without_a_readout_is_named() -> None:
    net = convert(rate_model().rnn, code=Compound(4)).network
    with pytest.raises(ConfigError, match="readout"):
        cost(net, X, Y)
    assert torch.is_grad_enabled()
