"""What is deployed: numbers that mean something, and each family's way to write a network."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from converter import quantize, rate_of, recoded
from hardware import TARGETS
from spiking import Compound, Rate
from spiking.errors import ConfigError
from subspike.deployment import deployed
from subspike.order import FORMS
from tests.subspike.orders import ordered, small

GRADED = TARGETS["loihi2-graded"]


def test_numbers_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(ConfigError, match="samples 0"):
        ordered(samples=0)


def test_a_teacher_of_other_sizes_is_refused() -> None:
    other, _ = small(hidden=6)
    with pytest.raises(ConfigError, match="6"):
        ordered(teacher=rate_of(other))


def test_a_teacher_gives_the_weights_where_neurons_are_of_another_kind() -> None:
    teacher = rate_of(small()[0])
    with torch.no_grad():
        teacher.readout.bias += 0.25
    form = FORMS[GRADED.family.refusal.rule](ordered(teacher=teacher), GRADED)
    assert form.note.startswith("the teacher's weights in Compound(levels=16")
    assert np.allclose(form.graph.offset, teacher.readout.bias.detach())
    alone = FORMS[GRADED.family.refusal.rule](ordered(), GRADED)
    assert "give --teacher" in alone.note
    assert np.allclose(form.graph.offset - alone.graph.offset, 0.25, atol=0.01)


def test_a_network_in_compound_code_is_deployed_as_it_is_and_on_no_other_chip() -> None:
    net, task = small()
    coded = quantize(recoded(net, Compound(8)), input_bits=4, input_max=1.0)
    order = replace(ordered(samples=30, compared=1), net=coded)
    row, other = deployed(order, ["loihi2-graded", "digital"])
    assert row.notes[0].startswith("act")
    with torch.no_grad():
        right = (coded(task.test_x[:30]).argmax(1) == task.test_y[:30]).double().mean()
    assert row.accuracy.value == pytest.approx(float(right), abs=2 / 30)
    assert "--code population" in other.failure
    rate = quantize(recoded(net, Rate(8)), input_bits=4, input_max=1.0)
    assert "Compound" in deployed(replace(order, net=rate), ["loihi2-graded"])[0].notes[0]
    off = replace(order, net=recoded(net, Compound(8)))
    assert "quantize" in deployed(off, ["loihi2-graded"])[0].failure
