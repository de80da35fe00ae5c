"""Every field of every word, read back by a plain decoder, is the folded network's."""

import numpy as np
import pytest

from hardware import Word
from hardware.fpga.fold import folded
from hardware.fpga.program import programmed
from tests.hardware.fpga.networks import INPUT_BITS, random_network

WORD = Word(32, "clip")


def fields(word: int, *sizes: int) -> list[int]:
    """Unsigned fields from the lowest bit."""
    found = []
    for size in sizes:
        found.append(word & (2**size - 1))
        word >>= size
    return found


def signed(value: int, size: int) -> int:
    return value - 2**size if value >> (size - 1) else value


@pytest.mark.parametrize("lanes", [1, 3])
def test_the_memories_hold_every_weight_and_every_neuron(lanes) -> None:
    rows = folded(random_network(3, layers=2))
    made = programmed(rows, lanes=lanes, inputs=INPUT_BITS, word=WORD)
    p, memory = made.parameters, {name: m.words for name, m in made.memories.items()}
    weight, seen = 0, []
    row_sizes = [p[n] for n in ("SUM", "MORE", "RUNG_ADDRESS", "COLUMN")]
    row_sizes.insert(1, 12)
    for at, block in enumerate(memory["blocks"]):
        start, more, _ = fields(block, p["COLUMN_ADDRESS"], p["LENGTH"], 1)
        terms = [{} for _ in range(lanes)]
        for column_word in memory["columns"][start : start + more + 1]:
            column, shifted, old = fields(column_word, p["COLUMN"], 1, 1)
            for lane, each in enumerate(fields(memory["weights"][weight], *[p["WEIGHT"]] * lanes)):
                value = signed(each, p["WEIGHT"]) << p["SHIFT"] * shifted
                terms[lane][bool(old), column] = value
            weight += 1
        for lane in range(lanes):
            bias, decay, rest, rung, target, flags = fields(
                memory["rows"][at * lanes + lane], *row_sizes, 6
            )
            if flags >> 5:
                continue
            row = rows.rows[len(seen)]
            coarse = p["COARSE"] * (flags >> 4 & 1)
            sums = {key: w << coarse for key, w in terms[lane].items() if w}
            assert sums == {term[:2]: term.weight for term in row.terms}
            assert (signed(bias, p["SUM"]), decay, rest + 1) == (
                row.bias,
                row.decay,
                len(row.ladder),
            )
            assert (flags & 1, target if flags & 1 else None) == (
                row.target is not None,
                row.target,
            )
            for each, word in zip(row.ladder, memory["rungs"][rung:], strict=False):
                factor, offset, threshold, sign = fields(
                    word, p["FACTOR"], p["STATE"], p["STATE"], 2
                )
                assert signed(factor, p["FACTOR"]) == each.factor
                assert signed(offset, p["STATE"]) == each.offset
                assert signed(sign, 2) == each.sign
                if each.threshold is not None:
                    assert signed(threshold, p["STATE"]) == each.threshold
            seen.append(row)
    assert len(seen) == len(rows.rows)
    assert weight == len(memory["weights"])


def test_kept_states_have_places_in_the_order_of_living() -> None:
    rows = folded(random_network(1))
    made = programmed(rows, lanes=2, inputs=INPUT_BITS, word=WORD)
    keeps = np.array([row.keeps for row in rows.rows for _ in row.neurons])
    assert made.places == tuple(np.nonzero(keeps)[0])
