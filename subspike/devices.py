"""Devices by name, checked once."""

from __future__ import annotations

import torch

from spiking.errors import ConfigError, MissingSoftwareError


def device_named(name: str) -> torch.device:
    """The device called "cpu", "cuda" or "cuda:1".

    Raises ConfigError for a name torch does not know, MissingSoftwareError for a GPU that this
    machine or this build of torch does not have.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device {name!r} is not known; use cpu, cuda or cuda:1") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise MissingSoftwareError(
            f"device {name!r} is not here: torch {torch.__version__} sees "
            f"{torch.cuda.device_count()} GPUs",
            "pip install torch (a CUDA build), on a machine with that GPU",
        )
    return device
