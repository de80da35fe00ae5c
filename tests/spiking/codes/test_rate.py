"""An integrate-and-fire neuron: what it fires, and what stays on its membrane."""

import pytest
import torch

from spiking.activation import ACTIVATIONS
from spiking.codes import Rate, Site

SITE = Site(ACTIVATIONS["hard_sigmoid"])


def counts(code, p: float) -> float:
    """Spikes of z for a gate value p."""
    drive = torch.full((1, 1), 4.0 * (p - 0.5))
    silent = torch.full((1, 1), -9.0)
    return float(code.update(drive, silent, code.start(drive.double()), SITE).value)


@pytest.mark.parametrize(("p", "fires"), [(0.0, 0), (0.2, 1), (0.5, 2), (0.7, 3), (1.0, 4)])
def test_soft_reset_rounds(p, fires) -> None:
    assert counts(Rate(4, opponent=False), p) == fires


@pytest.mark.parametrize(("p", "fires"), [(0.0, 0), (0.4, 3), (0.5, 5), (0.7, 5), (1.0, 10)])
def test_hard_reset_loses_values_above_a_half(p, fires) -> None:
    assert counts(Rate(10, opponent=False, reset="hard"), p) == fires


def test_a_residual_is_carried_unless_a_saturated_current_wound_it_up() -> None:
    code = Rate(4, opponent=False)
    drive = torch.tensor([[-9.0, 0.2, 9.0]])
    said = code.update(drive, drive, code.start(drive.double()), SITE)
    assert said.memory["z"][0, [0, 2]].tolist() == [0.5, 0.5]
    assert float(said.memory["z"][0, 1]) == pytest.approx(0.5 + 4 * 0.55 - 2, abs=1e-4)
    assert said.counts["z"].tolist() == [[0.0, 2.0, 4.0]]


def test_a_small_difference_is_kept_until_it_fires() -> None:
    z, i = torch.full((1, 1), 0.15), torch.zeros(1, 1)
    totals = []
    for carry in (True, False):
        code, total = Rate(8, carry=carry), 0.0
        memory = code.start(z.double())
        for _ in range(200):
            said = code.update(z, i, memory, SITE)
            memory, total = said.memory, total + float(said.value) / 8
        totals.append(total)
    assert totals[0] == pytest.approx(200 * 0.15 / 4, abs=1 / 8)
    assert totals[1] == 0.0
