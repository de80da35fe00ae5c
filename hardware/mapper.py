"""A vendor's own mapper: where it lays a network on a board, and what it would load there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking.errors import DoesNotFitError, WorkerError
from spiking.guarded import SECONDS

from .configuration import Configuration
from .network import INPUT, Ints, Quantized
from .placement import Cores, Placement
from .simulator import Simulator, answered
from .violation import Violation


@dataclass(frozen=True)
class Mapper:
    """Software that is not ours and knows a board; its worker is told which.

    board   as the software calls it
    limits  of what it counts beside us, by resource
    """

    software: Simulator
    board: str
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Mapped:
    """What a mapper made of a network.

    placement         with the cores of the input channels, and what the mapper counts
    where             chip and processor of every core  # (cores, 3): x, y, processor
    keys              routing key of every neuron, -1 where nothing hears it  # {"input": (n,), ...}
    entries           of the routing tables of the chips in use  # (chips, 3): x, y, entries
    differing, total  numbers that it would load onto the board and that are not the network's, of
                      how many: thresholds, biases, decays, shifts, weights, delays
    """

    placement: Placement
    where: Ints
    keys: Mapping[str, Ints]
    entries: Ints
    differing: int
    total: int

    @property
    def chips(self) -> int:
        """Chips in use."""
        return len(self.entries)


def run_mapper(
    mapper: Mapper, configuration: Configuration, cores: Cores, *, seconds: float = SECONDS
) -> Mapped:
    """What the mapper makes of a configuration, in a process of its own.

    Raises MissingSoftwareError where it is not installed, DoesNotFitError where it finds no room,
    WorkerError where its process dies, takes longer than `seconds`, or writes garbage.
    """
    name, network = mapper.software.name, configuration.network
    nothing = np.zeros(0, np.int64)
    answer = answered(mapper.software, (configuration, nothing, [mapper.board]), seconds=seconds)
    if "refusal" in answer:
        said = bytes(np.asarray(answer["refusal"].get("said", ()), np.uint8)).decode(
            errors="replace"
        )
        fault = Violation(
            "the_mapper_finds_room",
            f"board {mapper.board}",
            said[:400],
            name,
            "use fewer units or levels, or a larger board",
        )
        raise DoesNotFitError(f"{network.target}: {fault}", (fault,))
    try:
        return _mapped(configuration, cores, mapper, answer)
    except (LookupError, TypeError, ValueError) as error:
        raise WorkerError(f"{name} wrote garbage: {error}") from error


def _mapped(
    configuration: Configuration, cores: Cores, mapper: Mapper, answer: Mapping[str, Any]
) -> Mapped:
    network = configuration.network
    where = _array(answer["core"]["where"], (None, 3), "where")
    sdram = _array(answer["core"]["sdram"], (len(where),), "sdram")
    entries = _array(answer["chip"]["entries"], (None, 3), "entries")
    of = {n: _array(answer["of"][n], (size,), n) for n, size in network.sizes.items()}
    keys = {n: _array(answer["key"][n], (size,), n) for n, size in network.sizes.items()}
    if any(((home < 0) | (home >= len(where))).any() for home in of.values()):
        raise ValueError("a neuron lies on no core")
    table = {(x, y): count for x, y, count in entries.tolist()}
    used = {
        name: np.array(
            [load(network, _share(network, of, core)) for core in range(len(where))], np.int64
        )
        for name, load in cores.loads.items()
    }
    of_chip = np.array([table[x, y] for x, y, _ in where.tolist()], np.int64)
    used |= {"SDRAM bytes": sdram, "routing entries": of_chip}
    placement = Placement(network.target, of, used, {**cores.limits, **mapper.limits})
    return Mapped(placement, where, keys, entries, *_loaded(network, answer["loaded"]))


def _array(values: Any, shape: tuple[int | None, ...], name: str) -> Ints:
    found: NDArray[Any] = np.asarray(values)
    fits = len(shape) == found.ndim and all(
        want in (None, have) for want, have in zip(shape, found.shape, strict=True)
    )
    if not fits or found.dtype.kind not in "iu":
        raise ValueError(f"{name!r} is {found.dtype} of shape {found.shape}, not {shape}")
    return found.astype(np.int64)


def _share(network: Quantized, of: Mapping[str, Ints], core: int) -> dict[str, Ints]:
    """Neurons of the network's groups on a core; the input's are none."""
    rows = {group.name: np.nonzero(of[group.name] == core)[0] for group in network.groups}
    return {name: each for name, each in rows.items() if len(each)}


def _loaded(network: Quantized, loaded: Mapping[str, NDArray[Any]]) -> tuple[int, int]:
    """Numbers of the vendor's that are not the network's, of how many."""
    pairs: list[tuple[Ints, Ints]] = []
    sizes = network.sizes
    for group in network.groups:
        feeds = [each for each in network.synapses if each.target == group.name]
        for part in ("threshold", "bias", "current_decay"):
            theirs = _array(loaded[f"{part} {group.name}"], (len(group),), part)
            pairs.append((getattr(group, part), theirs))
        shift = max((each.shift for each in feeds), default=0)
        theirs = _array(loaded[f"shift {group.name}"], (len(group), 2), "shift")
        pairs.append((np.full_like(theirs, shift), theirs))
        for source in [INPUT, *(each.name for each in network.groups)]:
            shape = (len(group), sizes[source])
            weight, delay = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
            for each in feeds:
                if each.source == source:
                    weight = weight + each.weight
                    delay = np.where(each.weight != 0, each.delay, delay)
            for name, ours in (("weight", weight), ("delay", delay)):
                pairs.append((ours, _array(loaded[f"{name} {source} {group.name}"], shape, name)))
    return sum(int((a != b).sum()) for a, b in pairs), sum(a.size for a, _ in pairs)
