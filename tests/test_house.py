"""The house keeps its rules: floors, sizes, names, pins. Each rule is proved on a planted fault."""

import ast
import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {"spiking": 1, "converter": 2, "hardware": 2, "subspike": 3}
SOURCES = [path for package in FLOORS for path in sorted((ROOT / package).rglob("*.py"))]
# verbs and tables that other tests run as a whole: (source, test that covers it)
COVERED_ELSEWHERE = {
    "converter/onnx_codes.py": "tests/converter/test_onnx_engines.py",
    "converter/onnx_step.py": "tests/converter/test_onnx_engines.py",
    "hardware/workers/lava_models/graded.py": "tests/hardware/workers/test_lava_worker.py",
    "hardware/workers/lava_models/importing.py": "tests/hardware/workers/test_lava_worker.py",
    "hardware/workers/lava_models/neurons.py": "tests/hardware/workers/test_lava_worker.py",
    "hardware/workers/netx_worker.py": "tests/hardware/loihi/test_netx.py",
    "subspike/__main__.py": "tests/subspike/test_cli.py",
    "subspike/arguments.py": "tests/subspike/test_cli.py",
    "subspike/commands.py": "tests/subspike/test_cli.py",
    "subspike/inquiries.py": "tests/subspike/test_cli.py",
    "subspike/flow.py": "tests/subspike/test_demo.py",
    "subspike/stages.py": "tests/subspike/test_demo.py",
}

WORKERS = "converter/consumers/workers"
COVERED_ELSEWHERE |= {
    f"{WORKERS}/{path.name}": f"tests/{WORKERS}/test_serve.py"
    for path in (ROOT / WORKERS).glob("*.py")
}


def imported(text: str) -> list[str]:
    """Top-level names of every absolute import."""
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.append(node.module.split(".")[0])
    return names


def climbs(package: str, text: str) -> list[str]:
    """Imports of `package` that do not run down."""
    own = [name for name in imported(text) if name in FLOORS]
    return [name for name in own if FLOORS[name] >= FLOORS[package]]


def forbidden(text: str) -> list[str]:
    """Calls and statements that have no place in a library."""
    found = ["samna"] if "samna" in imported(text) else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert):
            found.append("assert")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ):
            found.append("print")
    return found


def unexplained_pins(text: str) -> list[str]:
    """Pins without a comment right above them."""
    lines = text.splitlines()
    pinned = [i for i, line in enumerate(lines) if "==" in line and not line.startswith("#")]
    return [
        lines[i]
        for i in pinned
        if i == 0 or not re.match(rf"# ({lines[i].split('==')[0]}: |\S)", lines[i - 1])
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_source_keeps_the_rules(path: Path) -> None:
    text = path.read_text()
    assert climbs(path.relative_to(ROOT).parts[0], text) == []
    assert forbidden(text) == []
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text)), "a module says in one line what it is"


def test_hardware_needs_no_torch() -> None:
    names = {n for path in (ROOT / "hardware").rglob("*.py") for n in imported(path.read_text())}
    assert "torch" not in names


def test_planted_faults_are_found() -> None:
    assert climbs("spiking", "from converter import convert") == ["converter"]
    assert climbs("hardware", "import converter.nir_graph") == ["converter"]
    assert climbs("subspike", "import hardware") == []
    assert forbidden("assert x\nprint(1)") == ["assert", "print"]
    assert "samna" in forbidden("import samna.device")
    assert unexplained_pins("torch==1.0\n# why: so\nnumpy==1\n") == ["torch==1.0"]


def test_every_source_has_a_test_of_its_name() -> None:
    missing = []
    for path in SOURCES:
        relative = path.relative_to(ROOT)
        if path.name == "__init__.py":
            continue
        mirror = Path("tests") / relative.parent / f"test_{path.name}"
        wanted = Path(COVERED_ELSEWHERE.get(str(relative), str(mirror)))
        if not (ROOT / wanted).is_file():
            missing.append(str(relative))
    assert missing == []


def test_no_package_of_tests_and_no_stray_test() -> None:
    tests = ROOT / "tests"
    assert list(tests.rglob("__init__.py")) == []
    for path in tests.glob("*/**/test_*.py"):
        relative = path.relative_to(tests)
        source = ROOT / relative.parent / path.name.removeprefix("test_")
        assert source.is_file(), f"{relative} tests no source"


def test_our_import_names_belong_to_no_other_distribution() -> None:
    owners = importlib.metadata.packages_distributions()
    for name in FLOORS:
        assert set(owners.get(name, ["subspike"])) == {"subspike"}


def test_every_pin_has_a_reason() -> None:
    assert unexplained_pins((ROOT / "constraints.txt").read_text()) == []


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for group in project["optional-dependencies"].values() for name in group]
    names = {re.split(r"[<>=~ ]", line)[0] for line in [*project["dependencies"], *extras]}
    pins = set(
        re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    )
    assert names - pins == set()
