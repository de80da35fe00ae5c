"""The verbs, one after the other as a user types them; every answer in words, JSON and a code."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from converter import load_network, read_nir, save_network
from converter.multispike import multispike_to_nir, to_multispike
from converter.nir_file import write_nir
from spiking import SubLSTM, SubLSTMClassifier
from spiking.errors import SubspikeError
from subspike.answer import BAD_INPUT, DONE, NO
from subspike.cli import VERBS, main, parser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """rate.safetensors, net.safetensors, tuned.safetensors and export/, made by the verbs."""
    place = tmp_path_factory.mktemp("cli")
    rate, net, tuned = (f"{place}/{name}.safetensors" for name in ("rate", "net", "tuned"))
    for words in (
        f"train --hidden 6 --epochs 3 --quiet --out {rate}",
        f"convert {rate} --levels 4 --quiet --out {net}",
        f"tune {net} --teacher {rate} --epochs 2 --quiet --out {tuned}",
        f"export {tuned} --out {place}/export",
    ):
        assert main(words.split()) == DONE, words
    return place


def answered(capsys, words: str) -> tuple[int, dict]:
    """Exit code and JSON of a command."""
    capsys.readouterr()
    code = main([*words.split(), "--json"])
    out = capsys.readouterr().out
    return code, json.loads(out)


def test_the_way_from_rate_to_files(folder, capsys) -> None:
    code, answer = answered(
        capsys, f"convert {folder}/rate.safetensors --out {folder}/n.safetensors"
    )
    assert code == DONE
    assert {row[1] for row in answer["coverage"]} <= {"exact", "approximate"}
    assert load_network(folder / "tuned.safetensors").grid is not None
    code, answer = answered(capsys, f"export {folder}/tuned.safetensors --out {folder}/export")
    assert code == DONE
    assert answer["differing"] == {"nir": 0, "onnx": 0, "onnx streaming": 0}
    assert set(answer["files"]) >= {"nir", "onnx", "golden"}


@pytest.mark.parametrize("engine", ["interpreter", "digital", "snntorch"])
def test_run_says_accuracy_and_difference(folder, engine, capsys) -> None:
    words = f"run {folder}/export/network.nir --engine {engine}"
    code, answer = answered(capsys, words)
    assert code == DONE
    assert answer["low"] <= answer["accuracy"] <= answer["high"]
    assert answer["differing"] <= (0.001 * answer["total"] if engine == "digital" else 0)
    assert main(words.split()) == DONE
    assert "spikes differ" in capsys.readouterr().out


def test_check_lists_what_does_not_fit(folder, capsys) -> None:
    code, answer = answered(capsys, f"check {folder}/export/network.nir --target xylo-audio3")
    assert code == NO
    assert answer["fits"] is False
    assert {"rule", "where", "have", "limit", "remedy"} == set(answer["violations"][0])
    code, answer = answered(capsys, f"check {folder}/export/network.nir --target digital")
    assert (code, answer["fits"], answer["violations"]) == (DONE, True, [])
    rate = SubLSTMClassifier(SubLSTM(8, 6, forget="fixed", batch_first=True), torch.nn.Linear(6, 4))
    write_nir(multispike_to_nir(to_multispike(rate).network, dt=1e-3), folder / "xylo.nir")
    words = f"check {folder}/xylo.nir --target xylo-audio3 --dt 1e-3"
    assert main(words.split()) == DONE
    assert "fits xylo-audio3" in capsys.readouterr().out


def test_compare_writes_the_report(folder, capsys) -> None:
    words = (
        f"compare {folder}/rate.safetensors {folder}/tuned.safetensors --quiet --margin 99 "
        f"--out {folder}/report"
    )
    code, answer = answered(capsys, words)
    assert code == DONE
    assert answer == json.loads((folder / "report/report.json").read_text())
    assert (folder / "report/report.html").is_file()
    names = [row["name"] for row in answer["comparison"]["rows"]]
    assert names[0] == "rate"
    assert "ONNX Runtime" in names
    assert main([*words.replace("--margin 99", "--margin 0.001").split(), "--seed", "1"]) == NO


def test_a_gated_model_is_distilled_only_when_asked(folder, capsys) -> None:
    rate = f"{folder}/gated.safetensors"
    words = f"train --forget gated --hidden 6 --epochs 1 --quiet --out {rate}"
    assert main(words.split()) == DONE
    code, answer = answered(capsys, f"convert {rate} --out {folder}/g.safetensors")
    assert (code, answer["error"]) == (BAD_INPUT, "CoverageError")
    assert "l0.f" in answer["message"]
    assert not (folder / "g.safetensors").exists()
    words = f"convert {rate} --distil --quiet --out {folder}/g.safetensors"
    code, answer = answered(capsys, words)
    assert code == DONE
    reasons = {name: reason for name, _, reason in answer["coverage"]}
    assert "distil" in reasons["l0.f"]


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help_with_an_example_that_parses(verb, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    help_text = " ".join(capsys.readouterr().out.split())
    assert VERBS[verb].example in help_text
    assert "--json" in help_text
    given = parser().parse_args(VERBS[verb].example.split()[1:])
    assert given.verb == verb


def unmeant(folder) -> dict[str, tuple[str, str]]:
    """Commands with bad input, and the error each must name."""
    (folder / "cut.safetensors").write_bytes((folder / "rate.safetensors").read_bytes()[:99])
    (folder / "cut.nir").write_bytes((folder / "export/network.nir").read_bytes()[:999])
    save_file({"what.is.this": torch.zeros(3)}, folder / "odd.safetensors")
    rate, net, out = f"{folder}/rate.safetensors", f"{folder}/net.safetensors", f"{folder}/x"
    return {
        "cut": (f"convert {folder}/cut.safetensors --out {out}", "CheckpointError"),
        "none": (f"convert {folder}/none.safetensors --out {out}", "CheckpointError"),
        "odd": (f"convert {folder}/odd.safetensors --out {out}", "CheckpointError"),
        "cut nir": (f"check {folder}/cut.nir --target digital", "GraphError"),
        "no folder": (f"train --quiet --out {folder}/no/such/x", "ConfigError"),
        "levels": (f"convert {rate} --levels 0 --out {out}", "ConfigError"),
        "swapped": (f"compare {net} {rate} --out {out}", "CheckpointError"),
        "no data": (f"export {net} --task mnist-rows --out {out}", "ConfigError"),
        "other task": (f"export {net} --task digits-pixels --out {out}", "ShapeError"),
        "device": (f"train --device cuda:99 --quiet --out {out}", "MissingSoftwareError"),
    }


@pytest.mark.parametrize(
    "case",
    [
        "cut",
        "none",
        "odd",
        "cut nir",
        "no folder",
        "levels",
        "swapped",
        "no data",
        "other task",
        "device",
    ],
)
def test_bad_input_has_a_name_a_code_and_leaves_nothing(case, folder, capsys) -> None:
    words, error = unmeant(folder)[case]
    code, answer = answered(capsys, words)
    assert (code, answer["error"]) == (BAD_INPUT, error)
    assert main(words.split()) == BAD_INPUT
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{error}: ")
    left = [p for p in folder.iterdir() if p.name == "x" and (p.is_file() or any(p.iterdir()))]
    assert left == []


def test_a_network_off_the_grid_is_put_on_it_for_export(folder) -> None:
    assert load_network(folder / "net.safetensors").grid is None
    assert main(f"export {folder}/net.safetensors --out {folder}/other".split()) == DONE
    read_nir(folder / "other/network.nir")
    save_network(load_network(folder / "other/network.safetensors"), folder / "again.safetensors")


def test_errors_that_are_not_ours_are_not_swallowed(monkeypatch, folder) -> None:
    assert not issubclass(KeyError, SubspikeError)
    monkeypatch.setattr("subspike.interchange.load_network", lambda _: {}["bug"])
    with pytest.raises(KeyError, match="bug"):
        main(f"export {folder}/net.safetensors --out {folder}/y".split())


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "subspike", "doctor", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == DONE, done.stderr
    parts = [finding["part"] for finding in json.loads(done.stdout)["findings"]]
    assert {"python", "torch", "xylosim", "device cpu"} <= set(parts)
    done = subprocess.run(
        [sys.executable, "-m", "subspike", "fly"], capture_output=True, text=True, check=False
    )
    assert done.returncode == BAD_INPUT
    assert "invalid choice" in done.stderr


def test_questions_are_answered(folder, capsys, tmp_path) -> None:
    rate = f"{folder}/rate.safetensors"
    code, answer = answered(capsys, f"predict {rate} --samples 60 --measure --quiet")
    assert code == DONE
    assert len(answer["measured"]) == len(answer["expected"])
    words = f"search {rate} --samples 60 --trials 4 --margin 99 --quiet --out {tmp_path}/s"
    code, answer = answered(capsys, words)
    assert (code, answer["trials"]) == (DONE, 4)
    assert (tmp_path / "s/pareto.svg").read_text().startswith("<svg")
    assert main(words.split()) == DONE
    code, answer = answered(capsys, f"diagnose {rate} {folder}/net.safetensors --samples 60")
    assert code in (DONE, NO)
    assert set(answer) == {"rate", "spiking", "agreement", "causes", "cleared"}
    seen = tmp_path / "seen.npz"
    np.savez(seen, logits=np.zeros((60, 10), np.float32))
    words = f"diagnose {rate} {folder}/net.safetensors --samples 60 --observed {seen}"
    code, answer = answered(capsys, words)
    assert answer["spiking"] < 0.3
    np.savez(seen, logits=np.zeros((6, 10), np.float32))
    assert answered(capsys, words)[0] == BAD_INPUT
    np.savez(seen, other=np.zeros(3))
    assert answered(capsys, words)[0] == BAD_INPUT


@pytest.mark.parametrize(
    "code",
    ["compound --levels 16", "compound --message bits", "rate --levels 4", "rate --one-sided"],
)
def test_other_codes_convert_tune_and_compare(folder, capsys, code, tmp_path) -> None:
    rate, net, tuned = f"{folder}/rate.safetensors", tmp_path / "n.safetensors", "t.safetensors"
    assert main(f"convert {rate} --code {code} --out {net}".split()) == DONE
    words = f"tune {net} --teacher {rate} --epochs 1 --mixtures 0 --quiet --out {tmp_path}/{tuned}"
    words += " --spike-penalty 0.01"
    assert main(words.split()) == DONE
    code, answer = answered(
        capsys, f"compare {rate} {tmp_path}/{tuned} --out {tmp_path}/r --margin 99 --quiet"
    )
    assert code == DONE
    assert [row["differing"] for row in answer["comparison"]["rows"]] == [None, None, 0]
    assert (tmp_path / "r/report.html").is_file()
    code, answer = answered(capsys, f"export {tmp_path}/{tuned} --out {tmp_path}/e")
    assert code == DONE
    assert "NIR has no" in answer["refused"]["nir"]
    assert answer["differing"]["onnx"] == 0


def test_annealing_goes_down_to_the_last_levels(folder, tmp_path) -> None:
    words = f"tune {folder}/net.safetensors --teacher {folder}/rate.safetensors --epochs 1"
    words += f" --mixtures 0 --quiet --anneal 8,2 --out {tmp_path}/a.safetensors"
    assert main(words.split()) == DONE
    assert load_network(tmp_path / "a.safetensors").code.levels == 2


def test_a_gated_model_is_formed_as_asked(folder, capsys, tmp_path) -> None:
    rate, net = tmp_path / "g.safetensors", tmp_path / "n.safetensors"
    assert main(f"train --forget gated --hidden 6 --epochs 2 --quiet --out {rate}".split()) == DONE
    for product in ("native", "shunt", "coincidence"):
        words = f"convert {rate} --code population --product {product} --out {net}"
        code, answer = answered(capsys, words)
        assert code == DONE
        assert load_network(net).stack[0].forgetting is not None
    code, answer = answered(capsys, f"{words} --distil")
    assert (code, answer["error"]) == (BAD_INPUT, "ConfigError")
