"""What the core is told of a layer says the same as the definition."""

import pytest
import torch

from spiking.coded_numbers import known, numbers_of, signals
from spiking.forgetting import Shunt
from tests.spiking.coded_nets import CODES, coded_net, inputs

COMPILED = [name for name in CODES if name != "adaptive"]


@pytest.mark.parametrize("code", COMPILED)
@torch.no_grad()
def test_signals_are_those_that_the_definition_counts(code) -> None:
    layer = coded_net(CODES[code]).stack[0]
    state = layer.initial_state(2)
    did, _ = layer.step(inputs(2, 1)[:, 0], state, trains=None, spell=True)
    named = [name for name in signals(numbers_of(layer, held=True)) if name]
    assert sorted(named) == sorted(did.counts)
    assert set(CODES[code].outward) <= set(named)


def test_only_what_has_a_kernel_is_known() -> None:
    assert all(known(coded_net(CODES[code]).stack[0]) for code in COMPILED)
    assert not known(coded_net(CODES["adaptive"]).stack[0])


@pytest.mark.parametrize("code", COMPILED)
def test_changes_add_up_where_the_code_says_changes(code) -> None:
    first, second = coded_net(CODES[code], layers=2).stack
    for held in (True, False):
        wanted = held and first.code.persistent
        numbers = numbers_of(first, held=held), numbers_of(second, held=held)
        assert [each.held for each in numbers] == [wanted, wanted]
        assert [each.held_in for each in numbers] == [False, wanted]


@pytest.mark.parametrize("shift", [1, 5, 9])
def test_thresholds_of_a_shunting_neuron_count_its_spikes(shift) -> None:
    way, drive = Shunt(shift), torch.linspace(-14.0, 9.0, 4001)[:, None]
    thresholds = way.thresholds()
    left = way(
        torch.ones_like(drive).double(),
        drive,
        coded_net(CODES["population"]).stack[0].activation,
        levels=4,
        spell=False,
    )
    counted = torch.bucketize(-drive.double(), thresholds)
    assert torch.equal(counted.double(), left.spikes)
