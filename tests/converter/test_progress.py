"""A training that is killed goes on as if it had not been."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from converter.progress import Progress, Training, resume, save
from spiking.errors import CheckpointError, ConfigError


def fresh(work="a line") -> Training:
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=20)
    return Training(work, model, optimiser, schedule, torch.Generator().manual_seed(3))


def train(training: Training, steps: int) -> None:
    for _ in range(steps):
        x = torch.randn(8, 3, generator=training.order)
        training.optimiser.zero_grad()
        (training.model(x) - x.sum(1, keepdim=True)).square().mean().backward()
        training.optimiser.step()
        training.schedule.step()


def test_a_resumed_training_ends_with_the_same_bits(tmp_path) -> None:
    whole, first, second = fresh(), fresh(), fresh()
    train(whole, 15)
    train(first, 6)
    kept = Progress(6, {"best": torch.ones(2)}, {"loss": 0.125})
    save(tmp_path / "p", first, kept)
    found = resume(tmp_path / "p", second)
    assert (found.epochs, found.numbers) == (6, {"loss": 0.125})
    assert torch.equal(found.tensors["best"], torch.ones(2))
    train(second, 9)
    for a, b in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_without_a_file_it_starts_anew(tmp_path) -> None:
    assert resume(tmp_path / "none", fresh()) == Progress()


def test_other_work_and_other_files_are_named(tmp_path) -> None:
    path = tmp_path / "p"
    save(path, fresh(), Progress(1))
    with pytest.raises(ConfigError, match="a curve"):
        resume(path, fresh("a curve"))
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="not the progress"):
        resume(path, fresh())
    path.write_bytes(b"cut off")
    with pytest.raises(CheckpointError):
        resume(path, fresh())


def test_progress_of_another_model_is_named(tmp_path) -> None:
    path, other = tmp_path / "p", fresh()
    save(path, other, Progress(1))
    wider = Training("a line", nn.Linear(4, 1), other.optimiser, other.schedule, torch.Generator())
    with pytest.raises(CheckpointError, match="not the progress"):
        resume(path, wider)
