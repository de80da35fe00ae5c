"""The protocol, and what each code promises of its error: order, bounds, the carry lemma."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spiking.activation import ACTIVATIONS, plan
from spiking.codes import Adaptive, Code, Compound, Population, Rate, Site
from spiking.errors import ConfigError, CoverageError
from tests.spiking.coded_nets import CODES, coded_net

WORDS = [name for name in vars(Code) if not name.startswith("_")]


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_code_has_every_word_of_the_protocol(code) -> None:
    for word in WORDS:
        assert hasattr(code, word), word
        wanted = vars(Code)[word]
        if inspect.isfunction(wanted):
            ours = inspect.signature(getattr(type(code), word))
            assert list(ours.parameters) == list(inspect.signature(wanted).parameters), word
    assert code.levels > 0
    assert code.micro_steps >= 1


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_effort_is_a_smooth_number(code) -> None:
    h = torch.randn(2, 5, 3, requires_grad=True)
    code.effort(h).backward()
    assert float(h.grad.abs().sum()) > 0


def test_an_unsupported_activation_is_said() -> None:
    with pytest.raises(CoverageError):
        coded_net(CODES["adaptive"], forget=object())


SIGMOID = ACTIVATIONS["sigmoid"]


def error_of(code, *, samples=4000, activation="sigmoid") -> float:
    """RMS of h = act(c) - o, coded anew, against the values that the code means to say."""
    draw = torch.Generator().manual_seed(0)
    c, o = (2 * torch.randn(samples, 1, generator=draw, dtype=torch.float64) for _ in range(2))
    act = plan if isinstance(code, Rate) else ACTIVATIONS[activation].function
    site = Site(ACTIVATIONS[activation])
    said = code.output(c * code.levels, o, code.start(c), site)
    return float((said.value / code.levels - (act(c) - act(o))).square().mean().sqrt())


# each: a code for the parameter n, and by which power of n its error falls
ORDERS = {
    "population": (Population, 1.0),
    "rate, opponent": (Rate, 1.0),
    "rate, pairs": (lambda n: Rate(n, opponent=False), 1.0),
    "compound, delta": (Compound, 1.0),
    "compound, bits": (lambda n: Compound(n, message="bits"), 1.0),
}


@pytest.mark.parametrize(("make", "order"), ORDERS.values(), ids=ORDERS)
def test_the_error_falls_at_the_stated_order(make, order) -> None:
    sizes = np.array([4, 8, 16, 32, 64])
    errors = np.array([error_of(make(int(n))) for n in sizes])
    slope = -np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.15)
    assert errors[-1] < 1.1 / 64 / 3**0.5  # two rounded values of variance (1/n)^2 / 12 at most


def test_the_error_of_a_compound_is_that_of_uniform_rounding() -> None:
    for levels in (8, 32):
        assert error_of(Compound(levels)) == pytest.approx(1 / levels / 12**0.5, rel=0.1)


def test_an_adaptive_neuron_comes_to_its_transfer_function() -> None:
    site = Site(ACTIVATIONS["adaptive"])
    drive = torch.linspace(-1, 3, 41, dtype=torch.float64).reshape(1, -1)
    other = torch.full_like(drive, -1.0)  # silent
    errors = []
    for window in (200, 800, 3200):
        code = Adaptive(window)
        said = code.update(drive, other, code.start(drive), site)
        long = Adaptive(64_00)
        settled = long.update(drive, other, long.start(drive), site).value / long.levels
        errors.append(float((said.value / code.levels - settled).abs().max()))
    # what is left is the start, which a longer window makes smaller in proportion
    assert errors[0] > 2.5 * errors[1] > 6 * errors[2]
    wanted = ACTIVATIONS["adaptive"].function(drive)
    inside = (drive > 0.5) & (drive < 1.5)
    assert torch.allclose(settled[inside], wanted[inside], rtol=0.05)
    assert not settled[drive <= 0.05].any()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 4, 8]), st.sampled_from([True, False]))
def test_the_carry_lemma_holds_for_any_sequence_of_forgets(seed, steps, opponent) -> None:
    """|dc| <= 1/T a coder for any f_t in [0, 1]: one coder for d, two for z and i."""
    draw = torch.Generator().manual_seed(seed)
    code, site = Rate(steps, opponent=opponent), Site(SIGMOID)
    z, i = (6.0 * torch.rand(200, 1, 1, generator=draw) - 3.0 for _ in range(2))
    forgets = torch.rand(200, generator=draw, dtype=torch.float64) ** 0.1
    memory = code.start(torch.zeros(1, 1, dtype=torch.float64))
    exact = coded = torch.zeros(1, 1, dtype=torch.float64)
    worst = 0.0
    for z_t, i_t, f in zip(z, i, forgets, strict=True):
        said = code.update(z_t, i_t, memory, site)
        memory = said.memory
        u = (plan(z_t.double()) - plan(i_t.double())) * steps
        exact, coded = f * exact + u, f * coded + said.value
        worst = max(worst, float((coded - exact).abs()))
    coders, rounding = (1.0 if opponent else 2.0), 200 * steps * 2.0**-16
    assert worst <= coders + rounding


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Population(0), "at least 1"),
        (lambda: Rate(0), "T must lie"),
        (lambda: Rate(4, reset="none"), "not known"),
        (lambda: Rate(4, reset="hard"), "opponent"),
        (lambda: Compound(0), "must lie"),
        (lambda: Compound(4, message="poisson"), "not known"),
        (lambda: Adaptive(0), "must lie"),
    ],
)
def test_codes_that_cannot_be_are_named(make, words) -> None:
    with pytest.raises(ConfigError, match=words):
        make()
