"""Each cause is planted, and comes first."""

import pytest
import torch

from converter import convert, quantize
from spiking import Coincidence, Compound, Native, Population, Rate
from spiking.errors import ConfigError, ShapeError
from subspike import diagnose
from subspike.suspects import CONVERSION, EXECUTION, _late, _logits_of_stream, _off, _reordered
from tests.subspike.trained import UNITS, digits, rate_model

TASK = digits()
X, Y = TASK.test_x[:200], TASK.test_y[:200]


def net_of(code, *, forget="fixed", way=None, **words):
    made = convert(rate_model(forget), code=code, forget=way).network
    return quantize(made, **({"input_bits": 4} | words))


def first(net, *, forget="fixed", x=X, **words) -> str:
    found = diagnose(rate_model(forget), net, x, Y, **words)
    assert found.causes, found
    gains = [cause.gain for cause in found.causes]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0.03
    assert all(cause.evidence and cause.remedy for cause in found.causes)
    named = {cause.name for cause in found.causes}
    assert named.isdisjoint(found.cleared)
    return found.causes[0].name


def test_a_sound_network_is_innocent() -> None:
    found = diagnose(rate_model(), net_of(Population(16)), X, Y)
    assert found.causes == ()
    assert set(found.cleared) == set(CONVERSION)
    assert found.agreement > 0.95


@pytest.mark.parametrize("code", [Population(16), Compound(16)], ids=repr)
def test_a_wrong_gate_order(code) -> None:
    assert first(quantize(_reordered(net_of(code), (1, 2, 0)), input_bits=4)) == "gate order"


def test_saturated_inputs() -> None:
    assert first(net_of(Population(16), input_max=0.25)) == "saturation"


@pytest.mark.parametrize("code", [Population(2), Rate(1), Compound(1)], ids=repr)
def test_too_few_levels(code) -> None:
    assert first(net_of(code)) == "too few levels"


def test_a_dead_population() -> None:
    net = _off(net_of(Population(16)))
    layer = net.stack[0]
    with torch.no_grad():
        for unit in range(10):
            rows = torch.arange(3) * layer.hidden_size + unit
            layer.weight_ih[rows] = 0.0
            layer.weight_hh[rows] = 0.0
            layer.bias[rows] = 0.0
    assert first(quantize(net, input_bits=4)) == "dead population"


def test_a_changed_reset() -> None:
    assert first(net_of(Rate(16, opponent=False, reset="hard"))) == "reset changed"


def test_a_product_approximated() -> None:
    rate = rate_model("gated")
    fixed = convert(rate_model(), code=Compound(16)).network
    layer = fixed.stack[0]
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh"):
            getattr(layer, name).copy_(rate.rnn.get(name, "l0")[: 3 * UNITS])
        layer.bias.copy_((rate.rnn.bias_ih_l0 + rate.rnn.bias_hh_l0)[: 3 * UNITS])
        layer.forget.fill_(0.3)
        fixed.readout.load_state_dict(rate.readout.state_dict())
    assert first(quantize(fixed, input_bits=4), forget="gated") == "product approximated"


def test_a_range_of_c_too_narrow() -> None:
    way = Coincidence(leaks=24, per_octave=2, levels=8, reach=0.1)
    net = net_of(Population(16), forget="gated", way=way)
    found = diagnose(rate_model("gated"), net, X, Y)
    cause = next(c for c in found.causes if c.name == "range of c")
    assert "count to 0.1" in cause.evidence


@pytest.mark.parametrize("code", [Population(16), Compound(16)], ids=repr)
def test_an_engine_that_keeps_its_state(code) -> None:
    net = net_of(code)
    observed = _logits_of_stream(net, X[:64])
    found = diagnose(rate_model(), net, X[:64], Y[:64], observed=observed)
    assert found.causes[0].name == "no burn-in"


@pytest.mark.parametrize("code", [Population(16), Compound(16)], ids=repr)
def test_an_engine_that_is_late(code) -> None:
    net = net_of(code)
    found = diagnose(rate_model(), net, X, Y, observed=_late(net, X))
    names = [cause.name for cause in found.causes]
    assert "delay" in [*names, *found.cleared]
    assert "no burn-in" not in names
    assert found.spiking < found.rate
    assert names[0] == "delay"


def test_a_code_as_fine_as_it_can_be_has_levels_enough() -> None:
    net = convert(rate_model(), code=Compound(2**16)).network
    found = diagnose(rate_model(), net, X, Y)
    assert "too few levels" in found.cleared


def test_bad_input_is_named() -> None:
    net = net_of(Compound(4))
    with pytest.raises(ShapeError, match="labels"):
        diagnose(rate_model(), net, X, Y[:3])
    with pytest.raises(ShapeError, match="observed"):
        diagnose(rate_model(), net, X, Y, observed=torch.zeros(3, 10))
    with pytest.raises(ConfigError, match="readout"):
        diagnose(rate_model(), convert(rate_model().rnn, code=Compound(4)).network, X, Y)


def test_native_and_finer_codes_are_cleared() -> None:
    net = net_of(Compound(64), forget="gated", way=Native())
    found = diagnose(rate_model("gated"), net, X, Y)
    assert not found.causes
    assert set(EXECUTION).isdisjoint(found.cleared)
