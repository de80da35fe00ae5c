"""The targets as a Markdown table, for the README and the documentation."""

from __future__ import annotations

from .targets import TARGETS

_HEAD = (
    "target",
    "inputs",
    "hidden",
    "outputs",
    "fan-out",
    "weights",
    "states",
    "spikes/step",
    "simulated by",
    "source",
)


def targets_table() -> str:
    """One row a target; a dash where it has no such limit."""
    rows = [_HEAD, tuple("---" for _ in _HEAD)]
    for name, target in TARGETS.items():
        limits = target.limits
        numbers = (limits.inputs, limits.hidden, limits.outputs, limits.fan_out)
        rows.append(
            (
                f"`{name}`",
                *("-" if number is None else str(number) for number in numbers),
                f"{target.format.weight_bits} bit",
                f"{target.format.potential.bits} bit",
                str(limits.spikes),
                ", ".join(["ours", *(f"{s.name} {s.release}" for s in target.simulators)]),
                target.source,
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
