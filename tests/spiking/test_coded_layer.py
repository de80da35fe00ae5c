"""One layer in any code, one step: what it refuses, and how its spikes are heard."""

import pytest
import torch

from spiking.codes import Adaptive, Compound
from spiking.errors import CoverageError, ShapeError
from spiking.forgetting import Native
from tests.spiking.coded_nets import CODES, coded_net, inputs


def test_a_code_that_cannot_say_the_activation_is_named() -> None:
    layer = coded_net(Compound(4)).stack[0]
    with pytest.raises(CoverageError, match="activation='adaptive'"):
        type(layer)(layer.weight_ih, layer.weight_hh, layer.bias, layer.forget, code=Adaptive())
    with pytest.raises(CoverageError, match="forget='fixed'"):
        coded_net(Adaptive(), forget=Native())


def test_misfits_are_named() -> None:
    layer = coded_net(Compound(4)).stack[0]
    with pytest.raises(ShapeError, match="weight_hh"):
        type(layer)(
            layer.weight_ih, layer.weight_hh[:-1], layer.bias, layer.forget, code=Compound(4)
        )


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
@torch.no_grad()
def test_spikes_are_heard_as_the_values_that_they_say(code) -> None:
    layer = coded_net(code).stack[0]
    spelled = closed = layer.initial_state(5)
    for x in inputs(steps=6).unbind(1):
        _, spelled = layer.step(x, spelled, trains=None, spell=True)
        _, closed = layer.step(x, closed, trains=None, spell=False)
        said = torch.nn.functional.linear(spelled.counts, layer.weight_hh / code.levels)
        assert torch.equal(spelled.heard, said)
        for name in ("cell", "counts", "heard", "below"):
            assert torch.equal(getattr(spelled, name), getattr(closed, name)), name
