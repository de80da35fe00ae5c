"""Yosys and nextpnr agree with our count of block RAMs; their reports become numbers."""

import shutil
from dataclasses import replace

import pytest

from hardware.fpga import ICE40_HX8K, synthesized
from hardware.fpga.synthesis import Resources, Synthesis, program, steps_per_second
from spiking.errors import MissingSoftwareError
from tests.hardware.fpga.networks import configured, random_network

needs_tools = pytest.mark.skipif(
    shutil.which("yosys") is None or shutil.which("nextpnr-ice40") is None,
    reason="yosys and nextpnr-ice40 are not installed: scripts/fpga-tools",
)


@needs_tools
def test_a_small_network_is_placed_and_a_device_without_ram_is_refused() -> None:
    configuration = configured(random_network(3), lanes=1, device=ICE40_HX8K)
    small = replace(ICE40_HX8K, block_rams=0)
    short = synthesized(configuration, small)
    assert short.hertz is None
    assert short.missing == {"block_rams": short.used.block_rams}
    found = synthesized(configuration, ICE40_HX8K)
    assert found.used.block_rams == short.used.block_rams
    assert found.used.luts >= short.used.luts
    assert found.missing == {}
    assert found.hertz is not None
    assert 10e6 < found.hertz < 300e6
    assert 0 < found.used.registers < found.used.luts < 7680
    assert sorted(found.tools) == ["nextpnr", "yosys"]


def test_a_missing_tool_is_named_with_what_installs_it(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("SUBSPIKE_VENDORS", str(tmp_path))
    with pytest.raises(MissingSoftwareError, match=r"nextpnr-ecp5.*scripts/fpga-tools"):
        program("nextpnr-ecp5")


def test_steps_per_second_are_the_clock_by_the_clocks_of_a_step() -> None:
    one = Resources(1, 1, 1, 0)
    made = Synthesis("ice40-hx8k", 4, one, one, 61e6, {})
    assert steps_per_second(made, clocks=2000) == 30_500
