"""The verbs of the interchange: what they write, find, run and answer."""

import json

import nir
import numpy as np
import pytest
import torch

from converter import convert, export, quantize, save_network, write_nir
from converter.consumers import CONSUMERS
from spiking import Population, SubLSTM, SubLSTMClassifier
from subspike.answer import BAD_INPUT, DONE, NO
from subspike.cli import main
from subspike.tasks import load_task


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """net.safetensors for rows of digits, and export/ in two profiles."""
    place = tmp_path_factory.mktemp("interchange")
    torch.manual_seed(0)
    rnn = SubLSTM(8, 4, forget="fixed", batch_first=True)
    with torch.no_grad():
        for name, value in rnn.named_parameters():
            if not name.startswith("forget"):
                value.normal_()
    rate = SubLSTMClassifier(rnn, torch.nn.Linear(4, 10))
    net = quantize(convert(rate, code=Population(4)).network, weight_bits=6)
    save_network(net, place / "net.safetensors")
    x = load_task("digits-rows").test_x[:9]
    export(net, place / "export", x, profiles=("portable", "split", "stepwise"))
    return place


def answered(capsys, words: str) -> tuple[int, dict]:
    """Exit code and JSON of a command."""
    capsys.readouterr()
    code = main([*words.split(), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_export_writes_what_is_asked_for(folder, capsys, tmp_path) -> None:
    words = f"export {folder}/net.safetensors --out {tmp_path}/e"
    code, answer = answered(
        capsys, f"{words} --profile split --profile li --dialect 1.0.4 --weights int8"
    )
    assert code == DONE
    assert answer["differing"] == {
        "nir split": 0,
        "nir li": 0,
        "onnx": 0,
        "onnx streaming": 0,
    }
    assert not (tmp_path / "e/network.nir").exists()
    plain = tmp_path / "plain"
    assert main(f"export {folder}/net.safetensors --out {plain}".split()) == DONE
    assert (plain / "network.nir").is_file()
    small, large = tmp_path / "e/network.onnx", plain / "network.onnx"
    assert small.read_bytes() != large.read_bytes()
    with pytest.raises(SystemExit):
        main([*words.split(), "--profile", "round"])


def test_check_says_what_is_wrong_and_who_reads_it(folder, capsys, tmp_path) -> None:
    code, answer = answered(capsys, f"check {folder}/export/network.nir")
    assert (code, answer["sound"], answer["findings"]) == (DONE, True, [])
    states = {name: each["state"] for name, each in answer["consumers"].items()}
    assert states["snntorch"] == states["norse"] == "supported"
    assert states["spikingjelly"] == "refused"
    assert states["nengo"] == "lossy"
    assert "fits" not in answer
    assert main(f"check {folder}/export/network.nir".split()) == DONE
    said = capsys.readouterr().out
    assert "it integrates" in said
    assert said.rstrip().endswith("network.nir: sound")
    broken = tmp_path / "broken.nir"
    one = np.ones(2)
    nodes = {
        "input": nir.Input({"input": np.array([2])}),
        "lif": nir.LIF(tau=-1e-3 * one, r=one, v_leak=0 * one, v_threshold=np.nan * one),
        "output": nir.Output({"output": np.array([2])}),
    }
    write_nir(nir.NIRGraph(nodes, [("input", "lif"), ("lif", "output")]), broken)
    code, answer = answered(capsys, f"check {broken}")
    assert (code, answer["sound"]) == (NO, False)
    where = {finding["where"] for finding in answer["findings"]}
    assert {"lif.tau", "lif.v_threshold"} <= where


def test_check_reads_time_constants_in_the_unit_that_is_named(capsys, tmp_path) -> None:
    one = np.ones(2)
    nodes = {
        "input": nir.Input({"input": np.array([2])}),
        "lif": nir.LIF(tau=20.0 * one, r=one, v_leak=0 * one, v_threshold=0.1 * one),
        "output": nir.Output({"output": np.array([2])}),
    }
    path = tmp_path / "ms.nir"
    write_nir(nir.NIRGraph(nodes, [("input", "lif"), ("lif", "output")]), path)
    assert answered(capsys, f"check {path} --unit ms --dt 1e-3")[0] == DONE
    code, answer = answered(capsys, f"check {path} --unit s --dt 1e-4")
    assert code == NO
    assert "ms" in json.dumps(answer["findings"])


def test_check_with_a_target_counts_its_rules(folder, capsys) -> None:
    path = f"{folder}/export/network.nir"
    code, answer = answered(capsys, f"check {path} --target xylo-audio3")
    assert (code, answer["sound"], answer["fits"]) == (NO, True, False)
    assert {"rule", "where", "have", "limit", "remedy"} == set(answer["violations"][0])
    assert main(f"check {path} --target xylo-audio3".split()) == NO
    assert "breaks a rule of xylo-audio3" in capsys.readouterr().out
    assert answered(capsys, f"check {path} --target digital")[0] == DONE


@pytest.mark.parametrize(
    ("file", "engine"),
    [
        ("network.split.nir", "interpreter"),
        ("network.stepwise.nir", "interpreter"),
        ("network.split.nir", "spikingjelly"),
        ("network.nir", "sc_neurocore"),
    ],
)
def test_run_reads_a_file_of_any_profile(folder, capsys, file, engine) -> None:
    if engine in CONSUMERS and CONSUMERS[engine].python is None:
        pytest.skip(f"{engine} is not installed here")
    code, answer = answered(capsys, f"run {folder}/export/{file} --engine {engine}")
    assert (code, answer["differing"]) == (DONE, 0)


def test_an_engine_that_is_absent_or_refuses_is_named(
    folder, capsys, monkeypatch, tmp_path
) -> None:
    monkeypatch.setenv("SUBSPIKE_CONSUMERS", str(tmp_path))
    code, answer = answered(capsys, f"run {folder}/export/network.nir --engine lava")
    assert (code, answer["error"]) == (BAD_INPUT, "MissingSoftwareError")
    assert "scripts/consumers lava" in answer["message"]


def test_conform_compares_who_is_there(folder, capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_CONSUMERS", str(tmp_path))
    words = f"conform {folder}/export --quiet --only snntorch --only onnxruntime --only lava"
    code, answer = answered(capsys, words)
    assert (code, answer["conforms"]) == (DONE, True)
    measured = {row["consumer"]: row["measured"] for row in answer["consumers"]}
    assert measured == {"snntorch": "equal", "onnxruntime": "equal", "lava": "not run"}
    assert [(pair["one"], pair["other"]) for pair in answer["pairs"]] == [
        ("onnxruntime", "snntorch")
    ]
    words = f"conform {folder}/export/network.nir --quiet --only lava"
    assert main(words.split()) == NO
    said = capsys.readouterr()
    assert "not run" in said.out
    assert said.err == ""
    code, answer = answered(capsys, f"{words} --only onnxruntime")
    assert (code, answer["error"]) == (BAD_INPUT, "ConfigError")
    code, answer = answered(capsys, f"conform {folder}/nothing.nir --quiet")
    assert (code, answer["error"]) == (BAD_INPUT, "GraphError")
