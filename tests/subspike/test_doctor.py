"""The doctor finds what is here, and says how to get what is not."""

import importlib.util
import shutil

from converter.consumers.consumer import FINISHED
from hardware import TARGETS
from spiking.kernels import Core
from subspike.doctor import MISSING, PRESENT, doctor


def test_what_the_tests_run_on_is_found() -> None:
    found = {f.part: f for f in doctor()}
    for part in ("python", "torch", "snntorch", "nir", "onnxruntime", "device cpu"):
        assert found[part].state == PRESENT
        assert found[part].detail
        assert found[part].remedy == ""


def test_what_is_absent_is_named_with_its_remedy(monkeypatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "xylosim" else real(name)
    )
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = {f.part: f for f in doctor()}
    simulator = found["xylo-imu: xylosim"]
    assert simulator.state == found["C++ compiler"].state == MISSING
    assert simulator.remedy == "pip install 'subspike[xylo]'"
    assert "xylosim" in found["C++ compiler"].detail


def test_every_consumer_is_looked_for(monkeypatch, tmp_path) -> None:
    found = {f.part: f for f in doctor()}
    assert found["reader snntorch"].detail == "1.0.0"
    monkeypatch.setenv("SUBSPIKE_CONSUMERS", str(tmp_path))
    (tmp_path / "nengo" / "bin").mkdir(parents=True)
    (tmp_path / "nengo" / FINISHED).touch()
    monkeypatch.setattr("importlib.metadata.version", lambda _: "9.9.9")
    found = {f.part: f for f in doctor()}
    assert (found["reader lava"].state, found["reader nengo"].state) == (MISSING, PRESENT)
    assert found["reader lava"].remedy == "scripts/consumers lava"
    assert str(tmp_path / "nengo") in found["reader nengo"].detail
    assert "was seen in 1.0.0" in found["reader snntorch"].detail


def test_all_software_of_every_target_is_looked_for() -> None:
    parts = {f.part for f in doctor()}
    for target in TARGETS.values():
        others = (*target.simulators, *target.tools)
        assert {f"{target.name}: {each.name}" for each in others} <= parts
    assert {"loihi1: sanafe", "fpga-ecp5-25k: nextpnr_ecp5"} <= parts


def test_every_mapper_is_looked_for_and_comes_with_its_command(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
    found = {f.part: f for f in doctor()}
    for name in ("spinnaker1", "spinnaker2"):
        missing = found[f"{name}: spynnaker"]
        assert (missing.state, missing.remedy) == (MISSING, "scripts/vendors spynnaker")
        assert f"needed to map {name}" in missing.detail


def test_a_core_that_is_absent_is_named_with_the_reason(monkeypatch) -> None:
    gone = Core(None, "AVX2", "no C++ compiler: none is here")
    monkeypatch.setattr("subspike.doctor.core", lambda: gone)
    found = {f.part: f for f in doctor()}["C++ core"]
    assert found.state == MISSING
    assert "slower: no C++ compiler" in found.detail
    assert found.remedy
