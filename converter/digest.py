"""The fingerprint of a model, which ties every file and report to the numbers it came from."""

from __future__ import annotations

import hashlib

from torch import nn


def digest(model: nn.Module) -> str:
    """Hash (sha256) of names and bytes of every parameter, in order."""
    found = hashlib.sha256()
    for name, value in model.named_parameters():
        found.update(name.encode())
        found.update(value.detach().cpu().numpy().tobytes())
    return found.hexdigest()
