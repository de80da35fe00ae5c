"""What the documents say is true: code runs, commands exist, generated parts are current."""

import json
import re
import runpy
import shlex
from pathlib import Path

import pytest
from safetensors import safe_open

from converter import load_network
from converter.digest import digest
from docs.make import ROOT, filled, pictures
from subspike.cli import VERBS, main, parser

README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    found: dict = {}
    exec(compile(code, "README.md", "exec"), found)
    assert found["faults"] == ()
    assert found["flow"].comparison.verdict in ("PASS", "WITHIN", "DEGRADED")
    assert "ONNX Runtime" in capsys.readouterr().out
    assert Path("report/report.html").is_file()


def test_the_shell_of_the_readme_runs(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (lines,) = blocks("sh")
    verbs = []
    for line in lines.splitlines():
        name, *words = shlex.split(line)
        assert name == "subspike"
        verbs.append(words[0])
        # the same commands on fewer epochs
        fewer = {"train": ["--epochs", "8"], "tune": ["--epochs", "8"], "search": ["--trials", "4"]}
        code = main([*words, *fewer.get(words[0], [])])
        allowed = (0, 1) if words[0] in ("compare", "diagnose", "search") else (0,)
        assert code in allowed, capsys.readouterr()
    assert set(verbs) | {"demo"} == set(VERBS)
    assert parser().parse_args(["demo"]).verb == "demo"


def test_make_targets_and_readme_name_the_same() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    named = set(re.findall(r"^\| `make ([a-z-]+)` \|", README, re.MULTILINE))
    assert named == targets - {"help", "check"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_generated_parts_are_current_and_links_lead_somewhere(path) -> None:
    text = path.read_text()
    assert filled(text) == text, "call make docs"
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not link.startswith("http"):
            assert (path.parent / link).exists(), link
    for named in re.findall(
        r"`((?:spiking|converter|hardware|subspike|examples|tests)/[\w/.]*)`", text
    ):
        assert (ROOT / named).exists(), named


def test_the_picture_is_that_of_the_report() -> None:
    for name, svg in pictures().items():
        assert (ROOT / name).read_text() == svg, "call make docs"


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_an_example_is_a_page_and_runs(path, tmp_path, monkeypatch, capsys) -> None:
    assert len(path.read_text().splitlines()) <= 60
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    said = capsys.readouterr().out
    wanted = {
        "choose_a_code.py": "too few levels",
        "import_a_checkpoint.py": "read as ixaxaar, settled by proof",
        "run_on_xylo.py": "xylo-audio3: fits",
        "stream_in_onnx.py": "onnx streaming: 0 of",
    }
    assert wanted[path.name] in said


def test_the_benchmark_of_codes_runs_and_keeps_what_it_measured(
    tmp_path, monkeypatch, capsys
) -> None:
    model = ROOT / "benchmarks/models/digits-adaptive.safetensors"
    words = [f"{model}=digits-rows", "--only", "25 ms", "--samples", "40", "--work", str(tmp_path)]
    tables = []
    for more in ([], ["--table-only"]):
        monkeypatch.setattr("sys.argv", ["conversion.py", *words, *more])
        runpy.run_path(str(ROOT / "benchmarks/conversion.py"), run_name="__main__")
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]
    assert "| adaptive, 25 ms |" in tables[0]
    assert "| 0/0.01 M |" in tables[0]


def test_the_models_of_the_benchmark_are_what_they_are_said_to_be() -> None:
    measured = json.loads((ROOT / "docs/targets.json").read_text())["mnist-pixels"]
    for path in sorted((ROOT / "benchmarks/models").glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["subspike"])
        if about.get("kind") == "subspike.spiking":
            assert measured["network"] == str(path.relative_to(ROOT))
            assert measured["sha256"] == digest(load_network(path))
            assert f"--out {path.name}" in (ROOT / "docs/hardware.md").read_text()
            continue
        assert json.loads(about["notes"]["settings"])["seed"] == 0, path
        assert about["notes"]["task"] in ("mnist-pixels", "digits-rows"), path


def test_the_benchmark_runs(monkeypatch, capsys) -> None:
    pytest.importorskip("xylosim", reason="XyloSim is not installed here")
    monkeypatch.setattr("sys.argv", ["vendor_fuzz.py", "--nets", "5"])
    runpy.run_path(str(ROOT / "benchmarks/vendor_fuzz.py"), run_name="__main__")
    assert "5 networks equal" in capsys.readouterr().out
