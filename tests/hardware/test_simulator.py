"""A vendor's simulator here or apart; one that is absent, dies, hangs or lies is named."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardware import Simulator, simulate
from hardware.run import entered
from hardware.simulator import run_simulator
from spiking.errors import MissingSoftwareError, WorkerError
from tests.hardware.chips import configured, random_network

HERE = Simulator("planted", "1", "scripts/vendors planted", module="numpy")

WORKERS = {
    "refuses": ("raise ValueError('9 neurons')", "refused the network: ValueError: 9 neurons"),
    "dies": ("import os; os.kill(os.getpid(), 11)", "ended with SIGSEGV"),
    "leaves": ("import sys; sys.exit(3)", "ended with 3"),
    "hangs": ("import time; time.sleep(60)", "did not end within 1"),
    "hoards": ("bytearray(2**40)", "refused the network: MemoryError"),
    "lies": ("return {'spikes': {}, 'potentials': {}, 'currents': {}}", "garbage: spikes of"),
    "mutters": (
        "import os; open('done.npz', 'wb').write(b'PK'); os._exit(0)",
        "garbage: .*not a whole .npz",
    ),
}


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A folder of workers of our own making, beside the real server."""
    import hardware.simulator

    folder = tmp_path / "workers"
    folder.mkdir()
    real = Path(hardware.simulator.__file__).parent / "workers"
    for name in ("__init__.py", "serve.py"):
        (folder / name).write_text((real / name).read_text())
    monkeypatch.setattr(hardware.simulator, "_WORKERS", folder)
    return folder


@pytest.mark.parametrize("fault", WORKERS)
def test_a_worker_that_fails_is_a_named_error(planted, fault) -> None:
    body, words = WORKERS[fault]
    text = f"def run(about, arrays, arriving, watched):\n    {body}\n"
    (planted / "planted_worker.py").write_text(text)
    network, inputs = random_network(1)
    seconds = 1.0 if fault == "hangs" else 60.0
    with pytest.raises(WorkerError, match=words):
        run_simulator(
            HERE, configured(network), entered(network, inputs), guarded=True, seconds=seconds
        )


def test_what_is_not_installed_says_what_installs_it(monkeypatch, tmp_path) -> None:
    network, inputs = random_network(0)
    whole, arriving = configured(network), entered(network, inputs)
    for absent in (
        replace(HERE, module="no_such_module"),
        replace(HERE, programs=("no-such-program",)),
        replace(HERE, apart=True),
    ):
        monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
        with pytest.raises(MissingSoftwareError, match="scripts/vendors planted"):
            run_simulator(absent, whole, arriving)
    monkeypatch.setitem(sys.modules, "xylosim.v2", None)
    monkeypatch.delitem(sys.modules, "hardware.workers.xylosim_worker", raising=False)
    with pytest.raises(MissingSoftwareError, match=r"subspike\[xylo\]"):
        simulate(whole, inputs)


def test_an_environment_apart_is_found_where_it_was_built(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
    apart = replace(HERE, apart=True)
    assert apart.python is None
    place = tmp_path / "planted" / "bin"
    place.mkdir(parents=True)
    (place / "python").symlink_to(sys.executable)
    assert apart.python == place / "python"


def test_programs_on_the_path_need_no_environment(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
    assert replace(HERE, apart=True, programs=("no-such-program",)).python is None
    assert replace(HERE, apart=True, programs=("sh",)).python == Path(sys.executable)


def test_guarded_and_not_are_the_same() -> None:
    pytest.importorskip("xylosim", reason="pip install 'subspike[xylo]'")
    network, inputs = random_network(4)
    here = simulate(configured(network), inputs, watched=["n2_hidden"])
    apart = simulate(configured(network), inputs, watched=["n2_hidden"], guarded=True)
    for kind in ("spikes", "potentials", "currents"):
        for name, each in getattr(here.trace, kind).items():
            assert np.array_equal(each, getattr(apart.trace, kind)[name]), (kind, name)
