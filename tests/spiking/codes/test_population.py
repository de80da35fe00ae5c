"""K threshold neurons round a value to K levels."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spiking import Population
from spiking.activation import ACTIVATIONS
from spiking.codes.population import CELL_WEIGHT_STEP
from spiking.errors import ConfigError, CoverageError


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-8, 8), st.sampled_from([2, 4, 8, 16]), st.sampled_from(["sigmoid", "hard_sigmoid"])
)
def test_the_count_is_the_rounded_activation(a, levels, name) -> None:
    act = ACTIVATIONS[name]
    value = torch.tensor([a], dtype=torch.float64)
    exact = float(act.function(value)) * levels
    if abs(exact % 1.0 - 0.5) < 1e-6:
        return
    for two_sided in (True, False):
        code = Population(levels, two_sided=two_sided)
        signs = code.signs().double()
        fired = (signs * (value - code.thresholds(act)) > 0).double()
        assert float((fired * signs).sum()) - code.rest == round(exact)


def test_two_sides_are_silent_at_rest() -> None:
    act = ACTIVATIONS["sigmoid"]
    for two_sided, spikes in ((True, 0), (False, 4)):
        code = Population(8, two_sided=two_sided)
        fired = code.signs().double() * (0.0 - code.thresholds(act)) > 0
        assert int(fired.sum()) == spikes


def test_thresholds_stand_off_every_tie() -> None:
    act, unit = ACTIVATIONS["sigmoid"], 2.0**-10
    code = Population(16)
    halves = code.off_ties(code.thresholds(act), unit=unit) / (unit / 2)
    assert torch.equal(halves.abs() % 2, torch.ones(16, dtype=torch.float64))
    weights = 1.0 / code.cell_thresholds(act) / CELL_WEIGHT_STEP
    assert torch.equal(weights.round().abs() % 2, torch.ones(16, dtype=torch.float64))


def test_impossible_codes_are_refused() -> None:
    with pytest.raises(ConfigError, match="even"):
        Population(7)
    with pytest.raises(ConfigError, match="at least 1"):
        Population(0)
    with pytest.raises(CoverageError, match="tanh"):
        Population(8).thresholds(ACTIVATIONS["tanh"])
    assert Population(8).bits == 4
