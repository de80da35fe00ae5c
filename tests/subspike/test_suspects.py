"""The pieces that suspects are tried with."""

import torch

from converter import convert, quantize
from spiking import Compound, Population
from subspike.suspects import Case, _late, _logits, _logits_of_stream, _reordered
from tests.subspike.trained import digits, rate_model

X, Y = digits().test_x[:20], digits().test_y[:20]


def test_reordering_and_back_changes_nothing() -> None:
    for code in (Population(8), Compound(8)):
        net = quantize(convert(rate_model(), code=code).network, input_bits=4)
        back = _reordered(_reordered(net, (1, 2, 0)), (2, 0, 1))
        for one, other in zip(net.parameters(), back.parameters(), strict=True):
            assert torch.equal(one, other)


def test_the_first_sample_of_a_stream_starts_from_silence() -> None:
    net = quantize(convert(rate_model(), code=Compound(8)).network, input_bits=4)
    stream, own = _logits_of_stream(net, X), _logits(net, X)
    assert torch.equal(stream[0], own[0])
    assert not torch.equal(stream[1:], own[1:])
    assert not torch.equal(_late(net, X), own)


def test_a_case_knows_its_accuracies() -> None:
    net = convert(rate_model(), code=Compound(8)).network
    seen = torch.nn.functional.one_hot((Y + 1) % 10, 10).float()
    case = Case(rate_model(), net, X, Y, seen)
    assert case.accuracy(seen) == 0.0
    assert case.baseline == case.of(net) > 0.8
