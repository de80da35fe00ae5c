"""The table of consumers: where each lives, and that everything it names exists."""

import sys
from pathlib import Path

import pytest

from converter.consumers import CONSUMERS, ENGINES
from converter.consumers.consumer import FINISHED, environments
from converter.dialect import DIALECTS
from converter.onnx_engines import ENGINES as RUNNERS
from converter.profiles import PROFILES

ALL = {**CONSUMERS, **ENGINES}


@pytest.mark.parametrize("name", sorted(ALL))
def test_everything_that_a_consumer_names_exists(name) -> None:
    consumer = ALL[name]
    assert consumer.name == name
    assert consumer.worker.is_file()
    assert consumer.profile in (*PROFILES, "onnx")
    assert consumer.dialect in DIALECTS
    assert consumer.importer.startswith(consumer.module) or not consumer.importer
    assert ("scripts/consumers" in consumer.command) == consumer.apart


def test_every_engine_has_a_worker() -> None:
    short = {"onnx_reference": "reference", "onnxruntime_web": "web"}
    assert {short.get(name, name) for name in ENGINES} == set(RUNNERS)


def test_environments_lie_where_the_user_says(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_CONSUMERS", str(tmp_path / "here"))
    assert environments() == tmp_path / "here"
    monkeypatch.delenv("SUBSPIKE_CONSUMERS")
    monkeypatch.setenv("SUBSPIKE_CACHE", str(tmp_path))
    assert environments() == tmp_path / "subspike" / "consumers"
    monkeypatch.delenv("SUBSPIKE_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert environments() == Path.home() / ".cache" / "subspike" / "consumers"


def test_an_environment_counts_once_it_is_finished(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_CONSUMERS", str(tmp_path))
    lava = CONSUMERS["lava"]
    assert lava.python is None
    (tmp_path / "lava" / "bin").mkdir(parents=True)
    (tmp_path / "lava" / "bin" / "python").touch()
    assert lava.python is None, "it was cut off"
    (tmp_path / "lava" / FINISHED).touch()
    assert lava.python == tmp_path / "lava" / "bin" / "python"
    assert CONSUMERS["snntorch"].python == Path(sys.executable)
