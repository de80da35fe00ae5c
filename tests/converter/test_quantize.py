"""On the grid every number is a multiple, every sum exact, and the order of summation nothing."""

import pytest
import torch
from torch import Tensor

from converter import convert, off_grid, quantize
from converter.quantize import require_on_grid
from spiking import Compound, Grid, Native, Population, Rate, SpikingNetwork
from spiking.errors import ConfigError, ExportError, GridError, NotFiniteError
from tests.converter.small_models import (
    numbers,
    random_net,
    random_rate,
    random_x,
    same_numbers,
)


def free_net(seed: int = 0, *, levels: int = 6, **words: object) -> SpikingNetwork:
    return convert(random_rate(seed, **words), code=Population(levels)).network


def whole(values: Tensor, step: float) -> bool:
    """Whether every value is an exact multiple of `step`, a power of two."""
    units = values.detach().double() / step
    return torch.equal(units, units.round())


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("levels", [2, 6, 8, 16])
@pytest.mark.parametrize("bits", [None, 3])
def test_every_number_lies_on_the_grid(levels: int, layers: int, bits: int | None) -> None:
    net = quantize(
        free_net(levels=levels, layers=layers), weight_bits=bits, input_bits=5, forget_bits=7
    )
    grid = net.grid
    assert grid is not None
    assert (grid.input_bits, grid.forget_bits) == (5, 7)
    assert grid.weight_bits == (bits or grid.weight_bits) > 0
    step, unit = 2.0**-grid.weight_bits, 2.0 ** -(grid.weight_bits + 5)
    for index, layer in enumerate(net.stack):
        assert whole(layer.weight_ih / (1 if index == 0 else levels), step)
        assert whole(layer.weight_hh / levels, step)
        assert whole(layer.bias, unit)
        assert whole(layer.forget, 2.0**-7)
        assert whole(layer.threshold, unit / 2)
        odd = (layer.threshold.double() / (unit / 2)) % 2
        assert torch.equal(odd, torch.ones_like(odd))
    assert net.readout is not None
    assert whole(net.readout.weight / levels, step)
    assert whole(net.readout.bias, unit)
    require_on_grid(net)


def test_numbers_move_by_half_a_step_at_most() -> None:
    free = free_net(levels=8)
    net = quantize(free, weight_bits=5, forget_bits=6)
    layer, old = net.stack[0], free.stack[0]
    assert float((layer.weight_ih - old.weight_ih).detach().abs().max()) <= 2.0**-6
    assert float((layer.weight_hh - old.weight_hh).detach().abs().max()) <= 8 * 2.0**-6
    assert float((layer.bias - old.bias).detach().abs().max()) <= 2.0 ** -(5 + 8 + 1)
    assert float((layer.forget - old.forget).detach().abs().max()) <= 2.0**-7


def test_forget_stays_below_one() -> None:
    free = free_net()
    with torch.no_grad():
        free.stack[0].forget[0] = 1.0
    assert float(quantize(free, forget_bits=4).stack[0].forget[0].detach()) == 1.0 - 2.0**-4


def test_argument_is_untouched_and_quantising_twice_changes_nothing() -> None:
    free = free_net(layers=2)
    before, state = numbers(free), torch.get_rng_state()
    net = quantize(free)
    assert same_numbers(numbers(free), before)
    assert free.grid is None
    assert torch.equal(torch.get_rng_state(), state)
    assert net.grid is not None
    again = quantize(net, weight_bits=net.grid.weight_bits)
    assert same_numbers(numbers(again), numbers(net))


def test_finest_bits_are_chosen() -> None:
    free = free_net()
    grid = quantize(free).grid
    assert grid is not None
    assert 0 < grid.weight_bits < 16
    with pytest.raises(GridError):
        quantize(free, weight_bits=grid.weight_bits + 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            {"weight_bits": 16, "input_bits": 16},
            r"l0: the drive of row \d+ may reach [\d.]+, the grid of 2\^-32 holds less than",
        ),
        ({"input_max": 1e6}, r"l0: the drive of row \d+ may reach"),
    ],
)
def test_sum_that_does_not_fit_is_named(words: dict[str, float], message: str) -> None:
    with pytest.raises(GridError, match=message):
        quantize(free_net(), **words)


def test_later_layer_and_readout_are_named_too() -> None:
    for name, message in (("l1", "l1: the drive of row 2 "), ("readout", "readout: a logit may")):
        free = free_net(layers=2)
        with torch.no_grad():
            if name == "l1":
                free.stack[1].weight_hh[2] = 1e6
            elif free.readout is not None:
                free.readout.weight[1] = 1e6
        with pytest.raises(GridError, match=message):
            quantize(free)


def test_values_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(ConfigError, match="weight_bits is 25"):
        quantize(free_net(), weight_bits=25)
    broken = free_net()
    with torch.no_grad():
        broken.stack[0].bias[3] = torch.nan
    with pytest.raises(NotFiniteError, match=r"layers\.0\.bias: 1 of 15"):
        quantize(broken)


def all_sums(net: SpikingNetwork, seed: int) -> list[Tensor]:
    """Every drive and logit of a layer, summed in four ways, from worst-case and random values."""
    generator = torch.Generator().manual_seed(seed)
    layer, readout, levels = net.stack[-1], net.readout, net.code.levels
    assert readout is not None
    counts = torch.randint(-levels, levels + 1, (64, layer.hidden_size), generator=generator)
    below = torch.randint(-levels, levels + 1, (64, layer.input_size), generator=generator)
    inputs = below.float() if layer.below else net.encode(random_x(seed, batch=64, steps=1)[:, 0])
    inputs[0], counts[0] = inputs[0].sign(), levels
    weight = torch.cat([layer.weight_ih / (layer.below or 1), layer.weight_hh / levels], 1)
    terms = torch.cat([inputs, counts.float()], 1)
    sums = []
    for rows, values, bias in (
        (weight, terms, layer.bias),
        (readout.weight / levels, counts.float(), readout.bias),
    ):
        products = torch.cat([rows * values.unsqueeze(1), bias.expand(64, -1).unsqueeze(-1)], -1)
        order = torch.randperm(products.shape[-1], generator=generator)
        one_by_one = torch.zeros_like(products[..., 0])
        for at in order.tolist():
            one_by_one = one_by_one + products[..., at]
        sums += [
            torch.nn.functional.linear(values, rows, bias).double(),
            torch.nn.functional.linear(values.double(), rows.double(), bias.double()),
            products[..., order].sum(-1).double(),
            one_by_one.double(),
        ]
    return sums


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("levels", [2, 6, 16])
def test_float32_float64_and_any_order_agree_bit_for_bit(levels: int, layers: int) -> None:
    for seed in range(5):
        free = free_net(seed, levels=levels, layers=layers, hidden=6)
        drives, logits = (all_sums(quantize(free), seed)[part] for part in (slice(4), slice(4, 8)))
        for same in (drives, logits):
            assert all(torch.equal(same[0], other) for other in same[1:])
        loose = all_sums(free, seed)[:4]
        assert not all(torch.equal(loose[0], other) for other in loose[1:])


def test_off_grid_is_a_free_copy_with_the_code_s_own_thresholds() -> None:
    free = free_net(layers=2)
    net = quantize(free)
    before = numbers(net)
    copy = off_grid(net)
    assert copy.grid is None
    for layer, original, on in zip(copy.stack, free.stack, net.stack, strict=True):
        assert torch.equal(layer.threshold, original.threshold)
        assert torch.equal(layer.weight_hh, on.weight_hh)
    with torch.no_grad():
        for value in copy.parameters():
            value.add_(1.0)
    assert same_numbers(numbers(net), before)


def test_numbers_that_left_the_grid_are_named() -> None:
    assert require_on_grid(random_net()) == random_net().grid
    with pytest.raises(ExportError, match="call quantize"):
        require_on_grid(free_net())
    for name in ("layers.1.weight_ih", "layers.0.forget", "readout.bias"):
        net = random_net(layers=2)
        with torch.no_grad():
            net.get_parameter(name).view(-1)[1] += 2.0**-17
        with pytest.raises(GridError, match=rf"{name}: 1 of \d+ numbers lie off the grid"):
            require_on_grid(net)
    net = random_net()
    assert isinstance(net.grid, Grid)
    with torch.no_grad():
        net.stack[0].bias[2] = net.grid.limit
    with pytest.raises(GridError, match="l0: the drive of row 2"):
        require_on_grid(net)


@pytest.mark.parametrize("code", [Compound(12), Rate(4), Rate(3, opponent=False)], ids=repr)
def test_a_network_in_any_code_is_put_on_the_grid_and_stays_there(code) -> None:
    net = convert(random_rate(1, forget="gated"), code=code, forget=Native()).network
    with pytest.raises(ExportError, match="not on the fixed-point grid"):
        require_on_grid(net)
    done = quantize(net)
    assert require_on_grid(done) == done.grid
    assert same_numbers(numbers(quantize(done, weight_bits=done.grid.weight_bits)), numbers(done))
    x = random_x(batch=6)
    with torch.no_grad():
        one, two = done.run(x), done.run(x, spell=False)
    assert torch.equal(one.output, two.output)
    assert off_grid(done).grid is None
    with pytest.raises(GridError, match="may reach"):
        quantize(net, weight_bits=24)
