"""Lava on Python 3.11."""

from __future__ import annotations

import dataclasses
from typing import Any


def import_lava() -> None:
    """lava-nc 0.10.0 on Python 3.11, which refuses its dataclasses as defaults of dataclasses.

    A default counts as mutable where its class has no hash; the one by identity is given to them.
    """
    genuine: Any = dataclasses.dataclass

    def hashable(cls: Any = None, /, **words: Any) -> Any:
        def made(kind: Any) -> Any:
            found = genuine(kind, **words)
            if found.__hash__ is None:
                found.__hash__ = object.__hash__
            return found

        return made if cls is None else made(cls)

    dataclasses.dataclass = hashable
    try:
        import lava.magma.compiler.var_model  # noqa: F401
    finally:
        dataclasses.dataclass = genuine
