"""Weights are rounded only as far as the device asks; what cannot fit is said with numbers."""

import re
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch

from converter import convert, to_nir
from converter import quantize as quantize_grid
from hardware import TARGETS, check, emulate, quantize
from hardware.fpga import ICE40_HX8K
from hardware.fpga.files import program_of
from hardware.fpga.fitting import _rounded, memories_fit, quantize_to_fit
from hardware.fpga.storage import stored
from spiking import Population, SubLSTM, SubLSTMClassifier
from spiking.errors import GridError
from tests.spiking import random_nets

TARGET = TARGETS["fpga-ice40-hx8k"]


@cache
def network():
    """Of 24 units: enough weights for several block RAMs."""
    torch.manual_seed(0)
    rnn = SubLSTM(3, 24, 1, batch_first=True, forget="fixed")
    rate = SubLSTMClassifier(rnn, torch.nn.Linear(24, 4)).eval()
    return quantize_grid(convert(rate, code=Population(4)).network, input_max=4.0)


@cache
def graph():
    return to_nir(network(), dt=1e-4)


def on(blocks: int):
    """A device with so many block RAMs and little logic, and the network on it."""
    device = replace(ICE40_HX8K, block_rams=blocks, luts=1000)
    return device, quantize_to_fit(graph(), TARGET, 1e-4, device=device)


def storage(made, device):
    return stored(program_of(made, TARGET.format, device.lanes), device)


def test_a_network_that_fits_is_left_exact() -> None:
    exact = quantize(graph(), TARGETS["digital"], dt=1e-4)
    made = quantize(graph(), TARGET, dt=1e-4)
    assert made.notes == ()
    for ours, theirs in zip(made.synapses, exact.synapses, strict=True):
        assert np.array_equal(ours.weight, theirs.weight)
        assert ours.shift == theirs.shift


def test_weights_lose_bits_until_the_block_rams_hold_them() -> None:
    device, roomy = on(32)
    full = storage(roomy, device).block_rams
    device, tight = on(full - 1)
    assert roomy.notes == ()
    assert storage(tight, device).fits
    (note,) = tight.notes
    fraction = int(re.search(r"2\^-(\d+)", note).group(1))
    assert not storage(_rounded(roomy, fraction + 1), device).fits
    for ours, theirs in zip(tight.synapses, roomy.synapses, strict=True):
        off = np.abs((ours.weight << ours.shift) - (theirs.weight << theirs.shift))
        assert off.max() <= 2 ** (ours.shift - 1) if ours.shift else off.max() == 0
    cells = [each for each in tight.synapses if each.target.endswith("cell")]
    assert all(each.shift == 0 for each in cells)


def test_rounded_networks_stay_close() -> None:
    inputs = network().encode(random_nets.random_inputs(2, batch=16)).numpy()
    device, roomy = on(32)
    _, tight = on(storage(roomy, device).block_rams - 1)
    exact, rounded = (emulate(each, inputs).outputs for each in (roomy, tight))
    assert not np.array_equal(exact, rounded)
    assert np.abs(exact - rounded).max() < 0.5


def test_too_many_units_are_refused_with_what_would_fit() -> None:
    device = replace(ICE40_HX8K, block_rams=3, luts=1000)
    target = replace(
        TARGET,
        quantize=partial(quantize_to_fit, device=device),
        rules=(partial(memories_fit, device=device),),
    )
    (fault,) = check(graph(), target, dt=1e-4)
    assert fault.rule == "memories_fit"
    assert fault.limit == "3 and 3996"
    assert "lanes need" in fault.remedy
    assert "neurons would fit" in fault.remedy


def test_inputs_beyond_the_files_largest_are_refused_before_they_wrap() -> None:
    made = quantize(graph(), TARGET, dt=1e-4)
    # input_max is 4, and 2^bits units are 1
    assert made.entry.digits == 4 + made.entry.bits
    emulate(made, np.full((1, 1, 3), 4.0))
    with pytest.raises(GridError, match="clip them"):
        emulate(made, np.full((1, 1, 3), 8.0))
