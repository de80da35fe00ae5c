"""A broken rule in one line."""

from hardware import Violation


def test_a_line_says_what_is_broken_where_and_what_to_do() -> None:
    fault = Violation("inputs_fit", "input", "3", "2", "use fewer channels")
    assert str(fault) == "inputs_fit: input has 3, limit 2; use fewer channels"
