"""The targets as Markdown tables, for the README and the documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .format import Format, Word
from .target import Target
from .targets import TARGETS

Column = Callable[[Target], str]


def targets_table() -> str:
    """What each holds and who simulates it; a dash where it has no such limit."""
    return _table(_HOLDS)


def formats_table() -> str:
    """How each counts, and how long a spike takes."""
    return _table(_COUNTS)


def _table(columns: Mapping[str, Column]) -> str:
    rows = [list(columns), ["---"] * len(columns)]
    rows += [[column(target) for column in columns.values()] for target in TARGETS.values()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)


def _core(target: Target) -> str:
    return ", ".join(f"{limit} {name}" for name, limit in target.cores.limits.items()) or "-"


def _word(word: Word) -> str:
    return f"{word.bits} bit, {word.overflow}"


def _current(how: Format) -> str:
    kept = "" if how.leaky is None else f"; leaky: {_word(how.leaky)}"
    return _word(how.current) + kept


def _simulators(target: Target) -> str:
    return ", ".join(f"{each.name} {each.release}" for each in target.simulators) or "ours alone"


_HOLDS: dict[str, Column] = {
    "target": lambda t: f"`{t.name}`",
    "what": lambda t: t.about,
    "inputs": lambda t: _number(t.limits.inputs),
    "hidden": lambda t: _number(t.limits.hidden),
    "outputs": lambda t: _number(t.limits.outputs),
    "fan-out": lambda t: _number(t.limits.fan_out),
    "cores": lambda t: _number(t.cores.count),
    "a core holds": _core,
    "simulated by": _simulators,
    "source": lambda t: t.source,
}
_COUNTS: dict[str, Column] = {
    "target": lambda t: f"`{t.name}`",
    "weights": lambda t: f"{t.format.weight_bits} bit",
    "current": lambda t: _current(t.format),
    "potential": lambda t: _word(t.format.potential),
    "decay": lambda t: t.format.decay.replace("_", " "),
    "fires": lambda t: f"{t.format.fires} threshold",
    "reset": lambda t: {"zero": "to zero", "subtract": "subtracts"}[t.format.reset],
    "spikes/tick": lambda t: str(t.limits.spikes),
    "ticks in, loop, on": lambda t: f"{t.latency.enter}, {t.latency.loop}, {t.latency.leave}",
    "source": lambda t: t.latency.source,
}
