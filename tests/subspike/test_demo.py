"""The demo, whole, on real digits: every promise of the main job is checked on what it made."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from converter import load_checkpoint, load_network, read_golden, read_nir
from spiking import Population
from subspike.compare import Missing
from subspike.demo import CODE, demo
from subspike.flow import written
from subspike.report import from_json
from subspike.stages import STAGES, Subjects, error_over_time, measure
from subspike.tasks import Task, load_task

REEXECUTIONS = (
    "NIR, our interpreter",
    "NIR, snnTorch",
    "NIR, Norse",
    "NIR, SpikingJelly",
    "ONNX Runtime",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder, flow and answer of the demo as `make demo` runs it."""
    folder = tmp_path_factory.mktemp("demo")
    flow = demo(folder, seed=0, progress=False)
    return folder, flow, written(flow, folder)


def rows(flow) -> dict:
    return {row.name: row for row in flow.comparison.rows}


def test_the_rate_model_is_good_and_the_spiking_one_keeps_the_margin(made) -> None:
    _, flow, answer = made
    assert Population(levels=8, two_sided=True) == CODE
    found = rows(flow)
    assert found["rate"].accuracy.value >= 0.96
    assert found["spiking"].to_rate.delta.value >= -0.01
    assert answer.code == 0
    assert flow.comparison.verdict in ("PASS", "WITHIN")


def test_every_reexecution_is_equal_spike_for_spike(made) -> None:
    found = rows(made[1])
    gone = {stage.name for stage in made[1].comparison.missing}
    for name in REEXECUTIONS:
        if name in gone:
            continue
        assert (found[name].differing, found[name].against) == (0, "spiking")
        assert found[name].total == 500 * 8 * 40 * 4 * 8
        assert found[name].accuracy == found["spiking"].accuracy
    assert found["spiking"].differing == 0
    assert gone <= {"NIR, Norse", "NIR, SpikingJelly", "Xylo, XyloSim"}


def test_the_vendor_runs_what_our_emulator_runs(made) -> None:
    found = rows(made[1])
    ours = found["Xylo, our emulator"]
    assert (ours.differing, ours.against) == (0, "multi-spike network")
    if "Xylo, XyloSim" in found:
        theirs = found["Xylo, XyloSim"]
        assert (theirs.differing, theirs.against) == (0, "our emulator")
        assert theirs.accuracy == ours.accuracy
    assert ours.accuracy.value >= 0.95


def test_spikes_and_operations_are_counted(made) -> None:
    found = rows(made[1])
    for name in ("converted, no data", "tuned", "spiking", "Xylo, our emulator"):
        assert 0 < found[name].spikes < found[name].synops
    # two-sided populations rest in silence, so a spiking inference stays below half of its bins
    assert found["spiking"].spikes < 8 * 40 * 4 * 8 / 2


def test_every_file_is_there_and_reads_back(made) -> None:
    folder, flow, _ = made
    rate = load_checkpoint(folder / "rate.safetensors")
    net = load_network(folder / "export/network.safetensors")
    task = load_task("digits-rows")
    with torch.no_grad():
        right = (net(task.test_x).argmax(1) == task.test_y).double().mean()
        at_rate = (rate(task.test_x).argmax(1) == task.test_y).double().mean()
    assert float(right) == rows(flow)["spiking"].accuracy.value
    assert float(at_rate) == rows(flow)["rate"].accuracy.value
    read_nir(folder / "export/network.nir")
    read_nir(folder / "xylo.nir")
    assert len(read_golden(folder / "export/golden.npz").x) == 8
    done = subprocess.run(
        [sys.executable, folder / "export/verify.py"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "0 differing spikes, outputs equal\n"


def test_the_report_holds_the_comparison(made) -> None:
    folder, flow, answer = made
    text = (folder / "report.json").read_text()
    assert from_json(text) == flow.comparison
    assert answer.data == json.loads(text)
    assert "report.html" in answer.text
    html = (folder / "report.html").read_text()
    assert html.count("<svg") == 5
    assert "none of the test samples" in flow.comparison.identity.calibration
    assert {name for name, *_ in flow.comparison.coverage} >= {"l0.z", "l0.c", "l0.h"}


def test_errors_over_time_are_those_of_every_node(made) -> None:
    drift = made[1].comparison.drift
    assert {f"l0.{name}" for name in "zioch"} <= drift.keys()
    assert all(len(values) == 8 for values in drift.values())
    # a gate in 8 levels is off by 1/16 at most, and 1/(8 sqrt(12)) on average, before tuning
    assert max(drift["l0.z"]) < 0.3


def subjects(made, **changes) -> Subjects:
    """What the demo compared, as its files hold it, on eight test samples."""
    folder = made[0]
    task = load_task("digits-rows")
    small = Task(
        "eight", "of 500", task.train_x, task.train_y, task.test_x[:8], task.test_y[:8], classes=10
    )
    given = {
        "rate": load_checkpoint(folder / "rate.safetensors"),
        "network": load_network(folder / "export/network.safetensors"),
        "task": small,
        "exported": folder / "export",
        "device": torch.device("cpu"),
    }
    return Subjects(**(given | changes))


def test_a_stage_whose_software_is_absent_is_missing_not_fine(made, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "norse", None)
    monkeypatch.setitem(sys.modules, "norse.torch", None)
    found = measure(subjects(made), progress=False)
    (gone,) = [stage for stage in found if isinstance(stage, Missing)]
    assert gone.name == "NIR, Norse"
    assert "pip install" in gone.reason


def test_a_file_of_another_network_is_found_out(made, tmp_path) -> None:
    given = subjects(made)
    with torch.no_grad():
        given.network.stack[0].weight_hh.neg_()
    found = {stage.name: stage for stage in measure(given, progress=False)}
    for name in REEXECUTIONS:
        if not isinstance(found[name], Missing):
            assert found[name].differing > 0


def test_only_stages_whose_network_is_given_run(made) -> None:
    names = [stage.name for stage in measure(subjects(made), progress=False)]
    optional = {"converted, no data", "tuned", "Xylo, our emulator", "Xylo, XyloSim"}
    assert names == [n for n in STAGES if n not in optional | {"spiking on GPU"}]


def test_errors_are_numbers(made) -> None:
    given = subjects(made)
    assert np.isfinite(error_over_time(given)["logits"]).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_fires_the_same_spikes(made) -> None:
    found = {s.name: s for s in measure(subjects(made, device=torch.device("cuda")))}
    assert found["spiking on GPU"].differing == 0
