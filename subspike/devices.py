"""Devices by name, checked once."""

from __future__ import annotations

import os

import torch

from spiking.errors import ConfigError, MissingSoftwareError
from spiking.processes import launched


def device_named(name: str) -> torch.device:
    """The device called "cpu", "cuda" or "cuda:1"; under torchrun "cuda" is each process's own.

    Raises ConfigError for a name torch does not know, MissingSoftwareError for a GPU that this
    machine or this build of torch does not have.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device {name!r} is not known; use cpu, cuda or cuda:1") from error
    if device.type == "cuda" and device.index is None and launched() > 1:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise MissingSoftwareError(
            f"device {name!r} is not here: torch {torch.__version__} sees "
            f"{torch.cuda.device_count()} GPUs",
            "pip install torch (a CUDA build), on a machine with that GPU",
        )
    return device
