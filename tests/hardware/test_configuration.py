"""A configuration is of one chip, and its files stay in their folder."""

from dataclasses import replace

import pytest

from hardware import write_files
from spiking.errors import CheckpointError, ConfigError
from tests.hardware.chips import configured, random_network


def test_files_are_written_by_name(tmp_path) -> None:
    whole = replace(configured(random_network(1)[0]), files={"core.v": b"module", "w.hex": b""})
    paths = write_files(whole, tmp_path)
    assert [path.name for path in paths] == ["core.v", "w.hex"]
    assert (tmp_path / "core.v").read_bytes() == b"module"


def test_all_files_are_written_or_none(tmp_path) -> None:
    whole = replace(
        configured(random_network(1)[0]), files={"core.v": b"module", "w" * 300: b"too long a name"}
    )
    with pytest.raises(CheckpointError, match="could not be written"):
        write_files(whole, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("name", ["../core.v", "/etc/core.v", "a/b", "..", ""])
def test_no_file_leaves_its_folder(name) -> None:
    with pytest.raises(ConfigError, match="file name"):
        replace(configured(random_network(1)[0]), files={name: b""})


def test_parts_of_two_chips_are_no_configuration() -> None:
    whole = configured(random_network(1)[0])
    with pytest.raises(ConfigError, match="xylo-imu"):
        replace(whole, placement=replace(whole.placement, target="xylo-imu"))
