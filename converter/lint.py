"""What is wrong or read differently in a NIR graph: every finding at once, and no exception."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nir

from spiking.errors import ConfigError, GraphError, SubspikeError

from .compilers import COMPILERS
from .lint_rules import BEHAVIOUR, ERROR, MEANING, STRUCTURE, Rule
from .nir_flat import flattened
from .nir_graph import PORTABLE_DT
from .nir_hdf5 import open_nir
from .nir_rules import Fault
from .nir_units import in_seconds
from .presets import PRESETS
from .support import Support, verdict
from .trial import tried

EVERY = (*PRESETS, *COMPILERS)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    rule      the sentence that does not hold
    severity  "error": nobody runs the graph, or no two readers agree; "warning": some read it
              differently
    where     node, field or edge; "" for the graph
    what      was found there
    remedy    what to do
    """

    rule: str
    severity: str
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.severity}: {place}{self.what} ({self.rule}); {self.remedy}"


@dataclass(frozen=True)
class Lint:
    """All findings, and what each consumer would do: {"norse": Support, ...}.

    The verdicts are missing where the graph does not run at all.
    """

    findings: tuple[Finding, ...]
    consumers: dict[str, Support]

    @property
    def sound(self) -> bool:
        """No error among the findings."""
        return not any(found.severity == ERROR for found in self.findings)


def lint(graph: nir.NIRGraph, *, dt: float = PORTABLE_DT, consumers: Iterable[str] = EVERY) -> Lint:
    """Every rule that `graph` breaks, and the verdict of each named consumer.

    dt         seconds per step
    consumers  names of PRESETS and COMPILERS

    Raises ConfigError for a dt or a consumer that cannot be meant, nothing for what is in the
    graph.
    """
    if not 0.0 < dt < float("inf"):
        raise ConfigError(f"dt is {dt}; it must be a positive number of seconds")
    unknown = sorted(set(consumers) - set(EVERY))
    if unknown:
        raise ConfigError(f"consumers {unknown} are not known; choose among {sorted(EVERY)}")
    try:
        flat = flattened(graph)
    except SubspikeError as error:
        return _only("resolves its inner graphs", str(error), "mend the edges that are named")
    found = [each for rule in STRUCTURE for each in _findings(rule, rule.broken(flat))]
    runs = not found
    found += [each for rule in MEANING for each in _findings(rule, rule.broken(flat, dt))]
    verdicts: dict[str, Support] = {}
    if runs:
        try:
            trial = tried(flat, dt=dt)
        except SubspikeError as error:
            remedy = "mend what is named"
            found.append(Finding("runs", ERROR, "", str(error), remedy))
        else:
            found += [each for rule in BEHAVIOUR for each in _findings(rule, rule.broken(trial))]
            verdicts = {name: verdict(graph, trial, name) for name in consumers}
    return Lint(tuple(found), verdicts)


def lint_file(
    path: Path,
    *,
    unit: str | None = None,
    dt: float = PORTABLE_DT,
    consumers: Iterable[str] = EVERY,
) -> Lint:
    """`lint` on a file; one that cannot be opened is a finding as well.

    unit  of its time constants, as `read_nir` takes it
    """
    try:
        graph = open_nir(path)
    except SubspikeError as error:
        return _only("is a NIR file", str(error), "write it again")
    if unit is not None:
        try:
            graph = in_seconds(graph, unit=unit, dt=dt)
        except GraphError as error:
            return _only("has time constants of its unit", str(error), "name the unit or the step")
    return lint(graph, dt=dt, consumers=consumers)


def _findings(rule: Rule, faults: list[Fault]) -> list[Finding]:
    return [Finding(rule.name, rule.severity, where, what, rule.remedy) for where, what in faults]


def _only(rule: str, what: str, remedy: str) -> Lint:
    return Lint((Finding(rule, ERROR, "", what, remedy),), {})
