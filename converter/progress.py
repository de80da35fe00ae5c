"""How far a training has come, on disk after every epoch: a killed one goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as encode_safetensors
from torch import Tensor, nn

from spiking.errors import CheckpointError, ConfigError
from spiking.files import strict_json, write_whole

from .archive import SafetensorsHeader, read_safetensors

KIND = "subspike.progress"


@dataclass(frozen=True)
class Training:
    """Everything whose state a training changes; `save` and `resume` cover all of it.

    work    what is trained and how, in words that differ wherever the result would
    order   the generator of the order of batches
    """

    work: str
    model: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    order: torch.Generator


@dataclass(frozen=True)
class Progress:
    """Epochs done, and what the caller keeps beside the training.

    tensors, numbers  by name; numbers are JSON values
    """

    epochs: int = 0
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)


def save(path: Path, training: Training, progress: Progress) -> None:
    """Write the training's state to `path`, whole or not at all."""
    states = training.optimiser.state_dict()
    tensors = {f"model.{name}": value for name, value in training.model.state_dict().items()}
    for index, state in states["state"].items():
        tensors |= {f"optimiser.{index}.{name}": value for name, value in state.items()}
    tensors |= {f"kept.{name}": value for name, value in progress.tensors.items()}
    tensors["order"] = training.order.get_state()
    about = {
        "kind": KIND,
        "work": training.work,
        "epochs": progress.epochs,
        "numbers": dict(progress.numbers),
        "groups": states["param_groups"],
        "steps": training.schedule.last_epoch,
    }
    kept = {name: _plain(value) for name, value in tensors.items()}
    write_whole(path, encode_safetensors(kept, {"subspike": json.dumps(about)}))


def resume(path: Path, training: Training) -> Progress:
    """Put the training back to where the file left it; 0 epochs where there is no file.

    Raises ConfigError where the file belongs to other work, CheckpointError where it is damaged.
    """
    if not path.exists():
        return Progress()
    headers: list[dict[str, Any]] = []
    tensors, _ = read_safetensors(path, inspect=lambda head: headers.append(_about(head, path)))
    about = headers[0]
    if about["work"] != training.work:
        raise ConfigError(
            f"{path}: belongs to other work ({about['work']}); this one is {training.work}. "
            "Take the same settings to go on, or delete the file to start anew"
        )
    try:
        training.model.load_state_dict(_under("model.", tensors))
        states: dict[int, dict[str, Tensor]] = {}
        for name, value in _under("optimiser.", tensors).items():
            index, _, word = name.partition(".")
            states.setdefault(int(index), {})[word] = value
        training.optimiser.load_state_dict({"state": states, "param_groups": about["groups"]})
        training.schedule.last_epoch = about["steps"]
        training.order.set_state(tensors["order"].to(torch.uint8))
        return Progress(int(about["epochs"]), _under("kept.", tensors), about["numbers"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: is not the progress of this training: {error}") from error


def _plain(value: Tensor) -> Tensor:
    """As our reader takes it: a float of its own memory; whole numbers go back when they load."""
    value = value.detach().cpu()
    return (value if value.is_floating_point() else value.double()).contiguous().clone()


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n[len(prefix) :]: value for n, value in tensors.items() if n.startswith(prefix)}


def _about(header: SafetensorsHeader, path: Path) -> dict[str, Any]:
    text = header.metadata.get("subspike")
    about = {} if text is None else strict_json(text, where=f"{path}: the header's subspike entry")
    if about.get("kind") != KIND or "work" not in about:
        raise CheckpointError(f"{path}: is not the progress of a training")
    return about
