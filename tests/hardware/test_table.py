"""The tables of targets name every target and its own numbers."""

import pytest

from hardware import TARGETS, formats_table, targets_table


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("made", [targets_table, formats_table])
def test_every_target_has_a_row_of_its_numbers(made) -> None:
    lines = made().splitlines()
    assert len(lines) == len(TARGETS) + 2
    head = cells(lines[0])
    for line, (name, target) in zip(lines[2:], TARGETS.items(), strict=True):
        row = dict(zip(head, cells(line), strict=True))
        assert row["target"] == f"`{name}`"
        wanted = {
            "hidden": "-" if target.limits.hidden is None else str(target.limits.hidden),
            "source": target.source if made is targets_table else target.latency.source,
            "weights": f"{target.format.weight_bits} bit",
            "fires": f"{target.format.fires} threshold",
        }
        assert {name: row[name] for name in wanted if name in row}.items() <= wanted.items()
        assert (
            any(each.name in line for each in target.simulators)
            or made is formats_table
            or (not target.simulators)
        )
