"""f c in spikes: close to the product, exact where that is promised, its cost counted."""

import pytest
import torch

from spiking.activation import ACTIVATIONS
from spiking.errors import ConfigError
from spiking.forgetting import Coincidence, Native, Shunt

SIGMOID = ACTIVATIONS["sigmoid"]


def drawn(count=5000):
    """Cells in quanta of 1/8, and drives of gates that mostly hold."""
    draw = torch.Generator().manual_seed(0)
    cell = 3 * torch.randn(count, 1, generator=draw, dtype=torch.float64) * 8
    return cell, 1.5 + 2 * torch.randn(count, 1, generator=draw)


def test_native_is_the_product() -> None:
    cell, drive = drawn()
    left = Native()(cell, drive, SIGMOID, levels=8, spell=True)
    assert torch.equal(left.cell, SIGMOID.function(drive.double()) * cell)
    assert not left.spikes.any()


@pytest.mark.parametrize(("shift", "spikes"), [(2, 1.6), (3, 3.6), (4, 7.5)])
def test_shunting_errs_by_half_a_spike_and_costs_what_was_measured(shift, spikes) -> None:
    cell, drive = drawn()
    forgetting = Shunt(shift, fraction=24)
    left = forgetting(cell, drive, SIGMOID, levels=8, spell=False)
    f = torch.sigmoid(drive.double())
    ratio = left.cell / cell / f
    kept = (cell.abs() > 1) & (f > 1e-3)
    half = -torch.log1p(torch.tensor(-(2.0**-shift))) / 2
    assert float(ratio[kept].log().abs().max()) <= float(half) + 1e-3
    assert float(left.spikes.mean()) == pytest.approx(spikes, rel=0.1)
    held = forgetting(cell, torch.full_like(drive, 9.0), SIGMOID, levels=8, spell=False)
    assert not held.spikes.any()


def test_coincidence_is_exact_on_its_grid() -> None:
    """Spike by spike it takes g Q, with g a leak level and Q a step of the cell, exactly."""
    cell, drive = drawn()
    forgetting = Coincidence(8, 1, 16, 4.0)
    left = forgetting(cell, drive, SIGMOID, levels=8, spell=True)
    step = 2 * 4.0 * 8 / 16
    g = forgetting.leak_levels()
    leak = 1 - SIGMOID.function(drive.double())
    nearest = g[(leak > forgetting.leak_thresholds()).sum(-1)].unsqueeze(-1)
    steps = (cell.abs() / step + 0.5).floor().clamp(max=8) * cell.sign()
    assert torch.equal(left.cell, cell - nearest * steps * step)
    assert torch.equal((left.raster != 0).sum(-1).double(), left.spikes)
    assert left.raster.shape[-1] == forgetting.neurons


def test_coincidence_comes_closer_with_more_neurons_and_holds_in_silence() -> None:
    cell, drive = drawn()
    wanted = SIGMOID.function(drive.double()) * cell
    errors = []
    for forgetting in (Coincidence(8, 1, 32, 16.0), Coincidence(32, 4, 128, 16.0)):
        left = forgetting(cell, drive, SIGMOID, levels=8, spell=False)
        errors.append(float((left.cell - wanted).square().mean().sqrt()))
    assert errors[1] < errors[0] / 3
    held = forgetting(cell, torch.full_like(drive, 20.0), SIGMOID, levels=8, spell=False)
    assert torch.equal(held.cell, cell)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Shunt(0),
        lambda: Shunt(3, fraction=0),
        lambda: Coincidence(0),
        lambda: Coincidence(10**9),
        lambda: Coincidence(levels=3),
        lambda: Coincidence(reach=float("nan")),
    ],
)
def test_what_cannot_be_built_is_named(make) -> None:
    with pytest.raises(ConfigError):
        make()


def test_shunting_a_hard_sigmoid_is_refused() -> None:
    cell, drive = drawn(4)
    with pytest.raises(ConfigError, match="sigmoid"):
        Shunt()(cell, drive, ACTIVATIONS["hard_sigmoid"], levels=8, spell=False)
