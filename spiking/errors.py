"""Every error that this project raises on purpose, in one tree.

    SubspikeError
    ├── ConfigError          an argument has a value that cannot be meant
    ├── ShapeError           an array has the wrong number of axes or entries
    ├── NotFiniteError       NaN or infinity where a number is needed
    ├── EmptyDataError       a data set without samples
    ├── GridError            a number does not lie on, or does not fit, the fixed-point grid
    ├── CoverageError        a node of the rate model that no code covers
    ├── CheckpointError      a file that is not a whole, safe checkpoint
    │   └── LayoutError      a checkpoint whose meaning is not settled by its keys
    ├── GraphError           a NIR or ONNX graph that we cannot read or do not understand
    ├── ExportError          a network that the asked format cannot carry
    │   └── DriftError       a written file whose re-execution differs from the network
    ├── DoesNotFitError      a network that breaks rules of a chip (all of them in `.violations`)
    ├── MissingSoftwareError an optional package is absent (what installs it is in `.command`)
    └── WorkerError          other people's software, run apart, that died, hung or wrote garbage

A message says what was wrong, where, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence


class SubspikeError(Exception):
    """Root of the tree: catch this to catch everything raised on purpose."""


class ConfigError(SubspikeError, ValueError):
    """An argument has a value that cannot be meant."""


class ShapeError(SubspikeError, ValueError):
    """An array has the wrong number of axes or entries."""


class NotFiniteError(SubspikeError, ValueError):
    """NaN or infinity where a number is needed."""


class EmptyDataError(SubspikeError, ValueError):
    """A data set without samples."""


class GridError(SubspikeError, ValueError):
    """A number does not lie on the fixed-point grid, or a sum does not fit on it."""


class CoverageError(SubspikeError):
    """A node of the rate model is not covered by the asked conversion."""


class CheckpointError(SubspikeError):
    """A file is not a whole and safe checkpoint."""


class LayoutError(CheckpointError):
    """The keys of a checkpoint do not settle what its numbers mean."""


class GraphError(SubspikeError):
    """A NIR or ONNX graph cannot be read or has a node that we do not understand."""


class ExportError(SubspikeError):
    """The asked format cannot carry this network."""


class DriftError(ExportError):
    """A written file, re-executed, differs from the network it was made from."""


class DoesNotFitError(SubspikeError):
    """A network breaks rules of a chip; `violations` holds every one of them."""

    def __init__(self, message: str, violations: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.violations = tuple(violations)


class MissingSoftwareError(SubspikeError, ImportError):
    """An optional package is absent; `command` installs it."""

    def __init__(self, message: str, command: str) -> None:
        super().__init__(f"{message}. Install it with: {command}")
        self.command = command


class WorkerError(SubspikeError):
    """Other people's software in a process of its own refused, died, hung or wrote garbage."""
