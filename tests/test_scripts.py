"""scripts/consumers builds what it says, once, and goes on where it was cut off."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from converter.consumers import CONSUMERS, ENGINES
from converter.consumers.consumer import FINISHED

EVERYONE = {**CONSUMERS, **ENGINES}
ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts/consumers"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # it would lie beside the script
    loader = importlib.machinery.SourceFileLoader("consumers_script", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Shell:
    """Records commands in place of running them; fails at the one that holds `failing`."""

    def __init__(self, failing: str = "never") -> None:
        self.failing, self.commands = failing, []

    def __call__(self, command: list[str]) -> int:
        self.commands.append(" ".join(command))
        return 3 if self.failing in self.commands[-1] else 0


def test_there_is_a_recipe_for_everyone_who_lives_apart(script) -> None:
    apart = {name: consumer for name, consumer in EVERYONE.items() if consumer.apart}
    assert {*script.RECIPES, *script.NODE} == set(apart)
    web = apart.pop("onnxruntime_web")
    assert script.NODE["onnxruntime_web"] == f"{web.module}@{web.release}"
    pins = (ROOT / "constraints.txt").read_text() + " ".join(sum(script.RECIPES["spyx"], ()))
    for name, consumer in apart.items():
        library = {"lava": "lava-nc"}.get(name, name.replace("_", "-"))
        assert f"{library}=={consumer.release}" in pins
    assert all(script.PINS.values()), "a pin has its reason"
    used = {word for recipe in script.RECIPES.values() for step in recipe for word in step}
    assert set(script.PINS) <= used


def test_an_environment_is_built_once_and_proved(script, tmp_path, capsys) -> None:
    shell = Shell()
    assert script.build("lava", tmp_path, shell)
    assert "-m venv" in shell.commands[0]
    assert "networkx==2.8.7" in " ".join(shell.commands)
    assert shell.commands[-1].endswith("converter/consumers lava")
    assert (tmp_path / "lava" / FINISHED).exists()
    again = Shell()
    assert script.build("lava", tmp_path, again)
    assert again.commands == []
    assert "lava: is there" in capsys.readouterr().err


def test_a_failure_is_said_leaves_it_unfinished_and_is_made_good(script, tmp_path, capsys) -> None:
    assert not script.build("sinabs", tmp_path, Shell("nirtorch==2.0.2"))
    assert "sinabs: could not go on: installs nir==1.0.4 nirtorch==2.0.2 (3)" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "sinabs" / FINISHED).exists()
    assert script.build("sinabs", tmp_path, Shell())
    assert (tmp_path / "sinabs" / FINISHED).exists()


def test_a_changed_recipe_is_built_anew(script, tmp_path) -> None:
    assert script.build("nengo", tmp_path, Shell())
    script.RECIPES["nengo"] = (("nengo==5.0",),)
    shell = Shell()
    assert script.build("nengo", tmp_path, shell)
    assert "nengo==5.0" in " ".join(shell.commands)


def test_a_package_of_node_is_installed_by_npm(script, tmp_path) -> None:
    shell = Shell()
    assert script.build("onnxruntime_web", tmp_path, shell)
    assert shell.commands[0].startswith("npm install")
    assert shell.commands[0].endswith("onnxruntime-web@1.30.0")
    assert script.execute(["no-such-program-here"]) == 127


def test_torch_is_there_before_anyone_asks_for_it(script) -> None:
    for recipe in script.RECIPES.values():
        needs = [at for at, step in enumerate(recipe) if {"sinabs", "nirtorch==2.0.2"} & set(step)]
        assert all("torch" in recipe[0] for _ in needs)


def test_names_are_checked_and_listed(tmp_path) -> None:
    def said(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, SCRIPT, *words],
            capture_output=True,
            text=True,
            check=False,
            env={"SUBSPIKE_CONSUMERS": str(tmp_path)},
        )

    done = said("brian")
    assert (done.returncode, "brian: choose of lava" in done.stderr) == (2, True)
    assert said().returncode == 2
    done = said("--list")
    assert done.returncode == 0
    assert done.stdout.split()[:3] == ["lava", "not", "built"]
    (tmp_path / "lava").mkdir()
    (tmp_path / "lava" / FINISHED).touch()
    assert str(tmp_path / "lava") in said("--list").stdout
    assert said("--remove", "lava").returncode == 0
    assert not (tmp_path / "lava").exists()
