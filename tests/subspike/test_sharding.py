"""Two processes under torchrun learn the same and report exactly the same as one."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from converter import convert, load_checkpoint, quantize
from spiking import Population
from spiking.errors import ConfigError
from subspike import Column, Missing
from subspike.cli import main
from subspike.flow import compared
from subspike.sharding import merged, shard, stretches
from subspike.tasks import load_task
from tests.subspike.trained import rate_model


def test_a_single_process_keeps_the_whole() -> None:
    task = load_task("digits-rows")
    assert torch.equal(shard(task).test_x, task.test_x)


def test_stretches_make_up_the_test_part(monkeypatch) -> None:
    task = load_task("digits-rows")
    monkeypatch.setattr("subspike.sharding.size", lambda: 3)
    parts = []
    for rank in range(3):
        monkeypatch.setattr("subspike.sharding.rank", lambda rank=rank: rank)
        parts.append(shard(task))
    assert [len(part.test_x) for part in parts] == [166, 167, 167]
    assert torch.equal(torch.cat([part.test_y for part in parts]), task.test_y)
    monkeypatch.setattr("subspike.sharding.size", lambda: 501)
    with pytest.raises(ConfigError, match="501 processes for 500"):
        shard(task)


def test_a_test_part_too_large_for_memory_is_measured_in_stretches(monkeypatch, tmp_path) -> None:
    task = load_task("digits-rows")
    task = replace(task, test_x=task.test_x[:60], test_y=task.test_y[:60])
    rate = rate_model()
    net = quantize(convert(rate, code=Population(4)).network, input_bits=4)
    whole = compared(rate, net, task, folder=tmp_path / "whole", progress=False).comparison
    monkeypatch.setattr(stretches, "__kwdefaults__", {"most": 6 * 8 * 4 * 16 * 4 * 25})
    assert [len(part.test_x) for part in stretches(task, net)] == [25, 25, 10]
    cut = compared(rate, net, task, folder=tmp_path / "cut", progress=False).comparison
    assert cut.rows == whole.rows


def column(values: np.ndarray, spikes: np.ndarray) -> Column:
    mean = float(spikes.mean())
    return Column("a", values, spikes=mean, synops=mean, counted=mean, differing=2, total=9)


def test_joined_columns_are_those_of_the_whole_exactly() -> None:
    rng = np.random.default_rng(0)
    values, spikes = rng.normal(size=(1000, 4)), rng.integers(0, 10**9, 1000).astype(np.float64)
    for cuts in ([333], [1, 2], [10, 999]):
        pieces = zip(np.split(values, cuts), np.split(spikes, cuts), strict=True)
        gone = Missing("b", "absent")
        (found, still_gone) = merged([[column(*piece), gone] for piece in pieces])
        assert np.array_equal(found.logits, values)
        assert found.spikes == found.synops == found.counted == float(spikes.mean())
        assert (found.differing, found.total) == (2 * (len(cuts) + 1), 9 * (len(cuts) + 1))
        assert still_gone == gone


def test_processes_that_ran_other_stages_are_named() -> None:
    one = column(np.zeros((2, 2)), np.ones(2))
    with pytest.raises(ConfigError, match="different stages"):
        merged([[one], [Missing("a", "absent")]])


def torchrun(words: str) -> subprocess.CompletedProcess[str]:
    launcher = "-W ignore -m torch.distributed.run --standalone --nproc-per-node 2 -m subspike"
    return subprocess.run(
        [sys.executable, *launcher.split(), *words.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("two")


def test_two_processes_train_the_model_of_one(folder) -> None:
    words = "train --hidden 6 --epochs 2 --quiet --out {}/{}.safetensors"
    assert main(words.format(folder, "one").split()) == 0
    done = torchrun(words.format(folder, "two"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test samples") == 1
    one, two = (load_checkpoint(folder / f"{name}.safetensors") for name in ("one", "two"))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_two_processes_tune_and_compare_as_one(folder) -> None:
    rate, net, tuned = (f"{folder}/{name}.safetensors" for name in ("one", "net", "tuned"))
    assert main(f"convert {rate} --levels 4 --quiet --out {net}".split()) == 0
    done = torchrun(f"tune {net} --teacher {rate} --epochs 2 --quiet --out {tuned}")
    assert done.returncode == 0, done.stderr
    words = f"compare {rate} {tuned} --margin 99 --quiet --out {folder}/"
    assert main((words + "alone").split()) == 0
    done = torchrun(words + "together")
    assert done.returncode == 0, done.stderr
    reports = [
        json.loads((folder / name / "report.json").read_text())["comparison"]
        for name in ("alone", "together")
    ]
    for report in reports:
        report["identity"].pop("command")
    assert reports[0] == reports[1]


def test_other_verbs_refuse_company(folder) -> None:
    done = torchrun(f"export {folder}/net.safetensors --out {folder}/export")
    assert done.returncode != 0
    assert "export runs in one process; torchrun is for train, tune, compare" in done.stderr
    assert not (folder / "export").exists()
