"""A folded network as the memories of the core: what stands in every word, lowest bit first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import attrgetter, or_
from typing import NamedTuple, TypeVar

from ..format import KEEP_BITS, Word
from .fold import Folded, Row, Rung
from .widths import Scaling, bits, is_coarse, measured

_MOST_SHIFT = 16

Ladder = tuple[Rung, ...]
# (old, column) of values that are scanned one after another
Columns = tuple[tuple[bool, int], ...]
# all columns in a row that some block scans, and what is known of the weights at each
Scans = Mapping[Columns, tuple["_Place", ...]]
T = TypeVar("T", bound=Sized)


@dataclass(frozen=True)
class Memory:
    """Words of a read-only memory."""

    width: int
    words: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """The core of one network.

    parameters  of the Verilog, by their names there
    memories    by file name without its ending
    places      the neuron, in the order of living, whose state every place holds
    """

    parameters: Mapping[str, int]
    memories: Mapping[str, Memory]
    places: tuple[int, ...]


@dataclass(frozen=True)
class _Block:
    """Rows that are summed side by side.

    columns  every value that any of them needs
    weights  of every column, one a lane
    waits    it reads counts of the same step: all neurons before it must have spoken
    """

    rows: tuple[Row | None, ...]
    columns: Columns
    weights: tuple[tuple[int, ...], ...]
    waits: bool


class _Place(NamedTuple):
    """All weights that ever stand at a place of a scan: binary digits in use, largest magnitude."""

    digits: int
    top: int

    def has(self, shift: int) -> bool:
        """2^shift divides all of them, and is not 1."""
        return shift > 0 and not self.digits % 2**shift


def programmed(network: Folded, *, lanes: int, inputs: int, word: Word) -> Program:
    """Memories and parameters of a core with so many lanes.

    inputs  signed bits of an input
    word    of a state in the number format
    """
    scaling, blocks = _leanest(network, lanes)
    scans = _scans(blocks)
    widths = measured(network, scaling, inputs=inputs, word=word)
    keeps = [row.keeps for row in network.rows for _ in row.neurons]
    places = tuple(at for at, kept in enumerate(keeps) if kept)
    targets = [row.target for row in network.rows if row.target is not None]
    ladders = _chained(row.ladder for row in network.rows)
    sizes = {
        "BLOCK_ADDRESS": _address(len(blocks)),
        "COLUMN": _address(network.columns),
        "COLUMN_ADDRESS": _address(sum(map(len, scans))),
        "LENGTH": _address(max(map(len, scans))),
        "WEIGHT_ADDRESS": _address(sum(len(block.columns) for block in blocks)),
        "ROW_ADDRESS": _address(len(blocks) * lanes),
        "MORE": _address(max(map(len, ladders))),
        "RUNG_ADDRESS": _address(sum(map(len, ladders))),
        "STATE_ADDRESS": _address(len(places)),
        "NEURON_ADDRESS": _address(len(keeps)),
        "WEIGHT": widths.weight,
        "VALUE": widths.value,
        "SHIFT": scaling.shift,
        "LANE_SUM": widths.lane_sum,
        "COARSE": scaling.coarse,
        "SUM": widths.sum,
        "FACTOR": widths.factor,
        "NARROW": widths.narrow,
        "STATE": widths.state,
        "KEPT": widths.kept,
        "CLAMPS": int(widths.clamps),
        "HIGH": widths.high if widths.clamps else 0,
    }
    memories = {
        "blocks": _block_memory(blocks, scans, sizes),
        "columns": _column_memory(scans, sizes),
        "weights": _weight_memory(blocks, scans, sizes),
        "rows": _row_memory(blocks, ladders, sizes),
        "rungs": _rung_memory(ladders, sizes),
    }
    parameters = {
        "LANES": lanes,
        "INPUTS": network.channels,
        "BLOCKS": len(blocks),
        "COLUMNS": len(memories["columns"].words),
        "WEIGHTS": len(memories["weights"].words),
        "ROWS": len(memories["rows"].words),
        "RUNGS": len(memories["rungs"].words),
        "STATES": max(len(places), 1),
        "KEEPS": int(bool(places)),
        "ADDS": int(len(targets) > len(set(targets))),
        "NEURONS": len(keeps),
        **sizes,
    }
    return Program(parameters, memories, places)


def _leanest(network: Folded, lanes: int) -> tuple[Scaling, list[_Block]]:
    """The scaling that leaves the narrowest weights, and the blocks with these."""
    found = []
    for coarse in sorted({0, *(row.zeros for row in network.rows)}):
        blocks = _blocks(network, lanes, coarse)
        places = [place for each in _scans(blocks).values() for place in each]
        for shift in range(_MOST_SHIFT + 1):
            widest = max(place.top >> shift * place.has(shift) for place in places)
            found.append((Scaling(coarse, shift, bits(widest)), blocks))
    return min(found, key=lambda each: (each[0].weight, each[0].coarse, each[0].shift))


def _blocks(network: Folded, lanes: int, coarse: int) -> list[_Block]:
    """As many rows side by side as there are lanes, never of two groups.

    The first block of a group that reads counts of the same step waits.
    """
    listens = {
        row.group
        for row in network.rows
        if any(not term.old and term.column >= network.channels for term in row.terms)
    }
    blocks: list[_Block] = []
    for group, rows in groupby(network.rows, key=attrgetter("group")):
        waits = group in listens
        rest: list[Row | None] = list(rows)
        rest += [None] * (-len(rest) % lanes)
        blocks += [
            _block(tuple(rest[at : at + lanes]), coarse, waits=waits and at == 0)
            for at in range(0, len(rest), lanes)
        ]
    return blocks


def _block(rows: tuple[Row | None, ...], coarse: int, *, waits: bool) -> _Block:
    """A block of no terms at all has one column, whose weights are 0."""
    each = [
        {term[:2]: term.weight >> coarse * is_coarse(row, coarse) for term in row.terms}
        if row
        else {}
        for row in rows
    ]
    columns = sorted({key for weights in each for key in weights}) or [(False, 0)]
    words = tuple(tuple(weights.get(key, 0) for weights in each) for key in columns)
    return _Block(rows, tuple(columns), words, waits)


def _scans(blocks: list[_Block]) -> Scans:
    found: dict[Columns, tuple[_Place, ...]] = {}
    for block in blocks:
        known = found.get(block.columns, (_Place(0, 0),) * len(block.columns))
        found[block.columns] = tuple(
            _Place(reduce(or_, weights, place.digits), max(place.top, *map(abs, weights)))
            for place, weights in zip(known, block.weights, strict=True)
        )
    return found


def _chained(sequences: Iterable[T]) -> dict[T, int]:
    """Where each starts when those that differ are laid end to end."""
    starts: dict[T, int] = {}
    end = 0
    for each in sequences:
        if each not in starts:
            starts[each], end = end, end + len(each)
    return starts


def _block_memory(blocks: list[_Block], scans: Scans, sizes: Mapping[str, int]) -> Memory:
    starts = _chained(scans)
    return _memory(
        [
            (starts[block.columns], sizes["COLUMN_ADDRESS"]),
            (len(block.columns) - 1, sizes["LENGTH"]),
            (block.waits, 1),
        ]
        for block in blocks
    )


def _column_memory(scans: Scans, sizes: Mapping[str, int]) -> Memory:
    return _memory(
        [(column, sizes["COLUMN"]), (place.has(sizes["SHIFT"]), 1), (old, 1)]
        for columns, places in scans.items()
        for (old, column), place in zip(columns, places, strict=True)
    )


def _weight_memory(blocks: list[_Block], scans: Scans, sizes: Mapping[str, int]) -> Memory:
    shift = sizes["SHIFT"]
    return _memory(
        [(weight >> shift * place.has(shift), sizes["WEIGHT"]) for weight in weights]
        for block in blocks
        for weights, place in zip(block.weights, scans[block.columns], strict=True)
    )


def _row_memory(
    blocks: list[_Block], ladders: Mapping[Ladder, int], sizes: Mapping[str, int]
) -> Memory:
    told: set[int] = set()
    words = []
    for row in (row for block in blocks for row in block.rows):
        words.append(
            [
                (row.bias if row else 0, sizes["SUM"]),
                (row.decay if row else 0, KEEP_BITS),
                (len(row.ladder) - 1 if row else 0, sizes["MORE"]),
                (ladders[row.ladder] if row else 0, sizes["RUNG_ADDRESS"]),
                (row.target or 0 if row else 0, sizes["COLUMN"]),
                (row is not None and row.target is not None, 1),
                (row is not None and row.target in told, 1),
                (row is not None and row.unit, 1),
                (row is not None and row.keeps, 1),
                (row is not None and is_coarse(row, sizes["COARSE"]), 1),
                (row is None, 1),
            ]
        )
        if row and row.target is not None:
            told.add(row.target)
    return _memory(words)


def _rung_memory(ladders: Iterable[Ladder], sizes: Mapping[str, int]) -> Memory:
    never = 2 ** (sizes["STATE"] - 1) - 1
    return _memory(
        [
            (rung.factor, sizes["FACTOR"]),
            (rung.offset, sizes["STATE"]),
            (never if rung.threshold is None else rung.threshold, sizes["STATE"]),
            (rung.sign, 2),
        ]
        for ladder in ladders
        for rung in ladder
    )


def _memory(words: Iterable[list[tuple[int, int]]]) -> Memory:
    """Words of fields (value, bits) from the lowest; negative values in two's complement."""
    found, width = [], 0
    for fields in words:
        word = width = 0
        for value, size in fields:
            word |= (int(value) & (2**size - 1)) << width
            width += size
        found.append(word)
    return Memory(width, tuple(found))


def _address(depth: int) -> int:
    """Bits that number so many words."""
    return max((depth - 1).bit_length(), 1)
