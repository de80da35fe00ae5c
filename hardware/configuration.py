"""What a vendor's tool is given: the quantised network, where it lies, and the tool's own files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spiking.errors import CheckpointError, ConfigError
from spiking.files import write_whole

from .network import Quantized
from .placement import Placement


@dataclass(frozen=True, eq=False)
class Configuration:
    """A network ready for a chip.

    files  by name, for tools that read files: Verilog, HDF5; others read `network`'s arrays
    """

    network: Quantized
    placement: Placement
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """ConfigError for parts of different chips, and for names that leave a folder."""
        if self.network.target != self.placement.target:
            raise ConfigError(
                f"the network is for {self.network.target}, the placement for "
                f"{self.placement.target}"
            )
        for name in self.files:
            if name != Path(name).name or name in ("", ".", ".."):
                raise ConfigError(f"{name!r} is no plain file name")


def write_files(configuration: Configuration, folder: Path) -> tuple[Path, ...]:
    """Write the tool's files into a folder, all of them or none; the folder is made if need be.

    Raises CheckpointError where they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as place:
            for name, data in configuration.files.items():
                write_whole(Path(place) / name, data)
            # everything is on disk: what is left are renames
            return tuple(
                (Path(place) / name).replace(folder / name) for name in configuration.files
            )
    except OSError as error:
        raise CheckpointError(f"{folder}: could not be written ({error})") from error
