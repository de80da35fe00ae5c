"""The server of workers: one folder in, one answer or one refusal out."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from hardware import save
from hardware.workers.serve import main
from tests.hardware.chips import configured, random_network


@pytest.fixture
def folder(tmp_path):
    network, inputs = random_network(1)
    save(configured(network), tmp_path / "configuration.npz")
    np.savez_compressed(tmp_path / "arriving.npz", arriving=inputs)
    return tmp_path


def test_a_worker_gets_whole_numbers_and_its_answer_is_written_whole(folder, monkeypatch) -> None:
    seen = {}

    def run(about, arrays, arriving, watched):
        seen.update(about=about, arrays=arrays, watched=watched)
        return {"spikes": {"n2_hidden": arriving > 7}, "potentials": {}, "currents": {}}

    planted = SimpleNamespace(run=run)
    monkeypatch.setitem(sys.modules, "hardware.workers.planted_worker", planted)
    main(["planted", "0", str(folder), "n2_hidden"])
    assert {each.dtype for each in seen["arrays"].values()} == {np.dtype(np.int64)}
    assert (seen["about"]["kind"], seen["watched"]) == ("configuration", ["n2_hidden"])
    with np.load(folder / "done.npz") as answer, np.load(folder / "arriving.npz") as given:
        assert json.loads(answer["names"].tobytes()) == [["spikes", "n2_hidden"]]
        assert np.array_equal(answer["a0"], given["arriving"] > 7)
    assert not (folder / "partial.npz").exists()


def test_what_a_worker_raises_is_its_answer(folder, monkeypatch) -> None:
    def run(*_words):
        raise RuntimeError("no\nroom")

    planted = SimpleNamespace(run=run)
    monkeypatch.setitem(sys.modules, "hardware.workers.planted_worker", planted)
    main(["planted", "0", str(folder)])
    assert (folder / "refused.txt").read_text().startswith("RuntimeError: no room (test_serve.py:")
    assert not (folder / "done.npz").exists()
