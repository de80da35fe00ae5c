"""The table of targets names every target and its own numbers."""

from hardware import TARGETS, targets_table


def test_every_target_has_a_row_of_its_numbers() -> None:
    lines = targets_table().splitlines()
    assert len(lines) == len(TARGETS) + 2
    for line, (name, target) in zip(lines[2:], TARGETS.items(), strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[0] == f"`{name}`"
        assert cells[2] == ("-" if target.limits.hidden is None else str(target.limits.hidden))
        assert cells[-1] == target.source
