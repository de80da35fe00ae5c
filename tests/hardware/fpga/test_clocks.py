"""A step takes the clocks that it takes, busy or silent; more lanes take fewer."""

import shutil

import pytest

from hardware.fpga.clocks import clocks_of_a_step
from hardware.workers.icarus_worker import build
from hardware.workers.verilog import called
from spiking.errors import MissingSoftwareError
from tests.hardware.fpga.networks import configured, needs_icarus, random_network
from tests.hardware.fpga.test_golden import golden


@needs_icarus
def test_silence_takes_as_long_as_spikes(tmp_path) -> None:
    configuration, vectors = golden(4)
    for name, data in {**configuration.files, **vectors}.items():
        (tmp_path / name).write_bytes(data)
    words = called(build(tmp_path), tmp_path).split()
    said = dict(zip(words[1::2], words[2::2], strict=False))
    clocks = clocks_of_a_step(configuration)
    assert said["least"] == said["most"] == str(clocks)
    assert int(said["clocks"]) == int(said["steps"]) * clocks


@needs_icarus
def test_lanes_save_clocks() -> None:
    one, four = (clocks_of_a_step(configured(random_network(3), lanes)) for lanes in (1, 4))
    assert four < one


def test_it_needs_icarus(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(MissingSoftwareError, match="scripts/fpga-tools"):
        clocks_of_a_step(configured(random_network(3)))
