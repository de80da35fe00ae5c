"""The training loop that distilling and tuning share: seeded, with progress and early stop."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from spiking import processes
from spiking.errors import ConfigError

from .digest import digest
from .progress import Progress, Training, resume, save

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class FitSettings:
    """How long and how boldly to train.

    epochs         passes over the data at most
    batch_size     sequences per step
    learning_rate  of Adam at the start; falls to 0 along a cosine
    patience       epochs without a better held-out loss before stopping
    holdout        share of the data that is held out to choose the best epoch
    seed           of the split and of the order of batches
    """

    epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 3e-3
    patience: int = 12
    holdout: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """ConfigError for values that cannot be meant."""
        if self.epochs < 0 or self.batch_size < 1 or self.patience < 1:
            raise ConfigError("epochs must be >= 0, batch_size and patience >= 1")
        if not (self.learning_rate > 0 and 0 < self.holdout < 1):
            raise ConfigError("learning_rate must be positive and holdout lie in (0, 1)")


def split(count: int, settings: FitSettings) -> tuple[Tensor, Tensor]:
    """Indices (training, held out); with fewer than two samples both are all of them."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(settings.seed))
    held = min(max(1, round(count * settings.holdout)), count - 1)
    return (order, order) if count < 2 else (order[held:], order[:held])


def fit(
    module: Module,
    loss: Callable[[Module, Tensor], Tensor],
    *,
    count: int,
    settings: FitSettings,
    constrain: Callable[[Module], None] | None = None,
    label: str,
    progress: bool,
    checkpoint: Path | None = None,
    judged_by: Callable[[Module, Tensor], Tensor] | None = None,
) -> Module:
    """A copy of `module` with the lowest held-out loss met in training, the start included.

    Under torchrun every batch is shared out, and the processes end with the same copy.

    The copy stays in eval mode: its goal was made without dropout, whose noise would only be
    learned, and come from the global generator.

    loss        scalar loss of (copy, indices of samples)
    count       number of samples
    constrain   puts parameters back where they may be after each step
    label       shown beside the progress bar
    checkpoint  file that keeps the progress after every epoch; where it exists, training goes on
    judged_by   loss that chooses the best copy on the held-out samples; None: `loss` itself

    Raises ConfigError where the checkpoint belongs to another start, label or settings.
    """
    student = copy.deepcopy(module).eval()
    judge = loss if judged_by is None else judged_by
    training, held = split(count, settings)
    order = torch.Generator().manual_seed(settings.seed + 1)
    optimiser = torch.optim.Adam(student.parameters(), lr=settings.learning_rate)
    steps = max(1, settings.epochs * math.ceil(len(training) / settings.batch_size))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    best, best_state, waited = _mean(student, judge, held, settings), _state(student), 0
    training_state = Training(
        f"{label}, from {digest(module)[:16]}, {count} samples, {settings}",
        student,
        optimiser,
        schedule,
        order,
    )
    done = Progress() if checkpoint is None else resume(checkpoint, training_state)
    if done.epochs:
        best, waited = done.numbers["best"], int(done.numbers["waited"])
        best_state = {**best_state, **done.tensors}
    shown = progress and processes.rank() == 0
    first = settings.epochs if waited >= settings.patience else done.epochs
    bar = tqdm(
        range(first, settings.epochs),
        desc=label,
        initial=done.epochs,
        total=settings.epochs,
        unit="epoch",
        disable=None if shown else True,
    )
    learner = processes.together(_Learner(student, loss))
    for epoch in bar:
        for chosen in training[torch.randperm(len(training), generator=order)].split(
            settings.batch_size
        ):
            optimiser.zero_grad()
            mine, factor = processes.share(chosen)
            (factor * learner(mine)).backward()
            nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if constrain is not None:
                constrain(student)
        now = processes.agreed(_mean(student, judge, held, settings))
        waited = 0 if now < best else waited + 1
        if now < best:
            best, best_state = now, _state(student)
        bar.set_postfix(loss=f"{best:.4g}")
        if checkpoint is not None and processes.rank() == 0:
            numbers = {"best": best, "waited": float(waited)}
            save(checkpoint, training_state, Progress(epoch + 1, best_state, numbers))
        if waited >= settings.patience:
            break
    bar.close()
    student.load_state_dict(best_state)
    return student


class _Learner(nn.Module):
    """The loss as a forward pass, which is where processes hook in."""

    def __init__(self, student: Module, loss: Callable[[Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.student = student
        self.loss = loss

    def forward(self, chosen: Tensor) -> Tensor:
        return self.loss(self.student, chosen)


def _state(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


@torch.no_grad()
def _mean(
    module: Module,
    loss: Callable[[Module, Tensor], Tensor],
    indices: Tensor,
    settings: FitSettings,
) -> float:
    parts = indices.split(max(settings.batch_size, 256))
    total = sum(float(loss(module, part)) * len(part) for part in parts)
    return total / len(indices)
