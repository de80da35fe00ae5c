"""What a command answers: words for a terminal, the same as data, and an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# exit codes that a CI can use
DONE, NO, BAD_INPUT = 0, 1, 2


@dataclass(frozen=True)
class Answer:
    """The result of one command.

    text  for people
    data  for programs (`--json`); only numbers, strings, lists and mappings
    code  0 done; 1 the answer is no (rules broken, margin missed, spikes differ);
          2 the input was bad
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    code: int = DONE
