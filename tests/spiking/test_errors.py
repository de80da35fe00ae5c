"""One tree of errors, and what two of them carry."""

import inspect

from spiking import errors


def test_every_error_grows_on_the_one_tree() -> None:
    kinds = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    raised = [each for each in kinds if issubclass(each, Exception)]
    assert len(raised) > 10
    assert all(issubclass(each, errors.SubspikeError) for each in raised)
    assert all(each.__name__ in errors.__doc__ for each in raised)


def test_violations_and_commands_are_carried() -> None:
    assert errors.DoesNotFitError("no", ["a", "b"]).violations == ("a", "b")
    error = errors.MissingSoftwareError("x is absent", "pip install x")
    assert error.command == "pip install x"
    assert "pip install x" in str(error)
