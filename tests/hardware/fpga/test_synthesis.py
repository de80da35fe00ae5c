"""Yosys agrees with our count of block RAMs; what a design lacks is said by name and number."""

import shutil
from dataclasses import replace

import pytest

from hardware.fpga import ICE40_HX8K, synthesized
from hardware.fpga.files import program_of
from hardware.fpga.storage import stored
from hardware.fpga.synthesis import Resources, Synthesis, program, steps_per_second
from spiking.errors import MissingSoftwareError
from tests.hardware.fpga.networks import TARGET, configured, random_network

needs_tools = pytest.mark.skipif(
    shutil.which("yosys") is None or shutil.which("nextpnr-ice40") is None,
    reason="yosys and nextpnr-ice40 are not installed: scripts/fpga-tools",
)


@needs_tools
def test_yosys_takes_the_block_rams_that_we_count_and_what_is_missing_is_said() -> None:
    network = random_network(3)
    wanted = stored(program_of(network, TARGET.format, 1), ICE40_HX8K)
    small = replace(ICE40_HX8K, block_rams=0)
    found = synthesized(configured(network, lanes=1, device=ICE40_HX8K), small)
    assert found.used.block_rams == wanted.block_rams > 0
    assert found.missing == {"block_rams": wanted.block_rams}
    assert found.hertz is None
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
