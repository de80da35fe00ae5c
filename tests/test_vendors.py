"""Environments of vendors: whole or not at all, left alone when there, found by the simulators."""

import runpy
from pathlib import Path

import pytest

from hardware import TARGETS
from hardware.simulator import environments

SCRIPT = runpy.run_path(str(Path(__file__).parent.parent / "scripts/vendors"))


def test_every_simulator_apart_has_a_recipe_and_its_command_names_it() -> None:
    apart = {each.name: each for t in TARGETS.values() for each in t.simulators if each.apart}
    assert set(apart) <= set(SCRIPT["RECIPES"])
    assert all(each.command == f"scripts/vendors {name}" for name, each in apart.items())


def test_everything_that_is_installed_is_pinned() -> None:
    for name, recipe in SCRIPT["RECIPES"].items():
        packages = [word for step in recipe.steps for word in step if not word.startswith("-")]
        assert all("==" in each for each in packages), name


def test_both_look_in_the_same_place(monkeypatch, tmp_path) -> None:
    for name in ("XDG_CACHE_HOME", "SUBSPIKE_CACHE", "SUBSPIKE_VENDORS"):
        monkeypatch.setenv(name, str(tmp_path / name))
        assert SCRIPT["environments"]() == environments()


@pytest.mark.parametrize("failing", [None, 0, 1, -1])
def test_an_environment_appears_whole_or_not_at_all(tmp_path, failing) -> None:
    recipe, calls = SCRIPT["RECIPES"]["lava"], []
    count = len(recipe.steps) + 2

    def run(command: list[str]) -> int:
        calls.append(command)
        if command[1:3] == ["-m", "venv"]:
            (Path(command[3]) / "bin").mkdir(parents=True)
            (Path(command[3]) / "bin" / "python").touch()
        return 1 if failing is not None and len(calls) - 1 == failing % count else 0

    assert SCRIPT["build"]("lava", tmp_path, run) is (failing is None)
    assert [path.name for path in tmp_path.iterdir()] == (["lava"] if failing is None else [])
    if failing is None:
        assert len(calls) == count
        assert SCRIPT["build"]("lava", tmp_path, run)
        assert len(calls) == count
