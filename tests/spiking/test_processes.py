"""Alone, a process is the only one; with others, shares make up the batch."""

import pytest
import torch
from torch import nn

from spiking import processes


def test_alone_nothing_changes() -> None:
    with processes.group("cpu"):
        assert (processes.rank(), processes.size(), processes.joined()) == (0, 1, False)
        indices, module = torch.arange(5), nn.Linear(2, 3)
        mine, factor = processes.share(indices)
        assert torch.equal(mine, indices)
        assert factor == 1.0
        assert processes.together(module) is module
        assert processes.agreed(0.25) == 0.25
        assert processes.gathered("a") == ["a"]
        processes.barrier()


@pytest.mark.parametrize(("count", "world"), [(7, 2), (64, 3), (1, 2), (4, 4)])
def test_shares_make_up_the_mean_of_the_batch(count, world, monkeypatch) -> None:
    indices = torch.arange(count) + 10
    losses = torch.randn(count + 10, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(processes, "size", lambda: world)
    seen, total = [], 0.0
    for rank in range(world):
        monkeypatch.setattr(processes, "rank", lambda rank=rank: rank)
        mine, factor = processes.share(indices)
        total += factor * float(losses[mine].mean()) / world
        seen += mine.tolist() if factor else []
    assert sorted(seen) == indices.tolist()
    assert total == pytest.approx(float(losses[indices].mean()), abs=1e-6)
