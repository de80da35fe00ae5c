"""Train the rate model: the thing that everything else is measured against."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from converter.progress import Progress, Training, resume, save
from spiking import SubLSTM, SubLSTMClassifier, processes
from spiking.errors import ConfigError

from .tasks import Task

_LONG = 256  # steps from which the memory of a backward is worth saving


@dataclass(frozen=True)
class TrainSettings:
    """Size of the rate model and how it is trained (AdamW, one cycle, gradients clipped at 1).

    hidden, layers   units per layer, layers
    forget           "fixed" or "gated"
    activation       "sigmoid" or "hard_sigmoid"
    epochs           passes over the training part
    batch_size       sequences per step
    learning_rate    the peak of the cycle
    label_smoothing  share of probability given to all classes alike
    seed             of the initial weights and of the order of batches
    """

    hidden: int = 40
    layers: int = 1
    forget: str = "fixed"
    activation: str = "sigmoid"
    epochs: int = 60
    batch_size: int = 64
    learning_rate: float = 1e-2
    label_smoothing: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        """ConfigError for values that cannot be meant."""
        if self.epochs < 1 or self.batch_size < 1 or not self.learning_rate > 0:
            raise ConfigError("epochs and batch_size must be at least 1, learning_rate positive")


def train(
    task: Task,
    *,
    settings: TrainSettings | None = None,
    checkpoint: Path | None = None,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> SubLSTMClassifier:
    """A `SubLSTMClassifier` trained on the task's training part; never sees the test part.

    Under torchrun every batch is shared out, and the processes end with the same model.
    Deterministic for a seed on one machine; torch's global generator is left as it was.

    checkpoint  file that says after every epoch how far it came; where it exists the training
                goes on from it and ends with the same model. Whoever has saved that deletes it.

    Raises ConfigError where the checkpoint belongs to another task or other settings.
    """
    settings = TrainSettings() if settings is None else settings
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = _fresh(task, settings).to(device)
    order = torch.Generator().manual_seed(settings.seed)
    x, y = task.train_x.to(device), task.train_y.to(device)
    batches = math.ceil(len(x) / settings.batch_size)
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.epochs * batches
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
    training = Training(f"{task.name}, {asdict(settings)}", model, optimiser, schedule, order)
    done = Progress() if checkpoint is None else resume(checkpoint, training)
    shown = progress and processes.rank() == 0
    bar = tqdm(
        range(done.epochs, settings.epochs),
        "train rate",
        initial=done.epochs,
        total=settings.epochs,
        unit="epoch",
        disable=None if shown else True,
    )
    learner = processes.together(model)
    for epoch in bar:
        for chosen in torch.randperm(len(x), generator=order).split(settings.batch_size):
            optimiser.zero_grad()
            mine, factor = processes.share(chosen)
            loss = factor * criterion(learner(x[mine]), y[mine])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        bar.set_postfix(loss=f"{float(loss.detach()):.3f}")
        if checkpoint is not None and processes.rank() == 0:
            save(checkpoint, training, Progress(epoch + 1))
    return model.eval()


def _fresh(task: Task, settings: TrainSettings) -> SubLSTMClassifier:
    rnn = SubLSTM(
        task.input_size,
        settings.hidden,
        settings.layers,
        batch_first=True,
        forget=settings.forget,
        activation=settings.activation,
        t_max=max(3, task.steps),
        recompute=task.steps >= _LONG,
    )
    return SubLSTMClassifier(rnn, nn.Linear(settings.hidden, task.classes))
