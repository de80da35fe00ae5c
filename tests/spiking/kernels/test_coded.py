"""Nothing to do for a code is no crash. All else is in tests/spiking/test_compiled.py."""

import pytest
import torch

from spiking.coded_numbers import numbers_of
from spiking.kernels import Start, core, run_coded
from tests.spiking.coded_nets import CODES, coded_net

pytestmark = pytest.mark.skipif(core().library is None, reason=f"no core: {core().detail}")


@pytest.mark.parametrize("code", [name for name in CODES if name != "adaptive"])
@pytest.mark.parametrize(("steps", "batch"), [(0, 3), (5, 0)])
def test_no_steps_and_no_samples(code, steps, batch) -> None:
    layer = coded_net(CODES[code]).stack[0]
    before = layer.initial_state(batch)
    memory = torch.rand(4, batch, layer.hidden_size, dtype=torch.float64)
    start = Start(before.counts, before.cell, memory, before.heard, torch.zeros(batch, 3))
    done = run_coded(
        torch.zeros(steps, batch, 3), numbers_of(layer, held=True), start, record=True, learn=True
    )
    assert done.counts.shape == (steps, batch, layer.hidden_size)
    assert torch.equal(done.memory, memory)
    assert torch.equal(done.cell, before.cell)
    assert int(done.totals.sum()) == 0
