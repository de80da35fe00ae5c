"""A rule of a chip that a network breaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One broken rule: which, where, what the network has, what the chip allows, what to do."""

    rule: str
    where: str
    have: str
    limit: str
    remedy: str

    def __str__(self) -> str:
        """One line for a terminal."""
        return f"{self.rule}: {self.where} has {self.have}, limit {self.limit}; {self.remedy}"
