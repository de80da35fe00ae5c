"""How wide every number of the core must be, from the largest that it can become."""

from __future__ import annotations

from dataclasses import dataclass

from spiking.errors import ConfigError

from ..format import KEEP_BITS, Word
from .fold import Folded, Row


@dataclass(frozen=True)
class Widths:
    """Signed bits.

    value     of an input or count
    weight    of a synapse
    lane_sum  of a row in its lane
    sum       of a row, its bias added
    factor    of a rung
    narrow    of the sums of rows with other factors than 1 and -1
    state     of whatever a neuron reaches
    kept      of a state that has a place in memory
    clamps    a state may leave the format's word, and is clamped to its highest number and minus it
    high      that number
    """

    value: int
    weight: int
    lane_sum: int
    sum: int
    factor: int
    narrow: int
    state: int
    kept: int
    clamps: bool
    high: int


def bits(most: int) -> int:
    """Signed bits that hold every magnitude up to `most`."""
    return max(most.bit_length() + 1, 2)


def measured(network: Folded, scaling: Scaling, *, inputs: int, word: Word) -> Widths:
    """Widths in which no sum overflows, whatever the inputs.

    inputs  signed bits of an input
    word    of a state in the number format

    Raises ConfigError where the sum of a neuron without memory may leave `word`, which only a
    neuron with memory clamps.
    """
    reach = [2 ** (inputs - 1)] * network.channels + [int(r) for r in network.reach]
    thresholds = [abs(rung.threshold or 0) for row in network.rows for rung in row.ladder]
    states = [0]
    pushes, lanes, sums, narrow, kept, clamps = [], [], [], [1], [1], False
    for row in network.rows:
        alone = sum(abs(term.weight) * reach[term.column] for term in row.terms)
        most = abs(row.bias) + alone
        push = max(abs(rung.factor) * most + abs(rung.offset) for rung in row.ladder)
        lanes.append(alone >> scaling.coarse * is_coarse(row, scaling.coarse))
        sums.append(most)
        pushes.append(push)
        states.append(_settled(row, push))
        if row.keeps:
            kept.append(states[-1])
        if not row.unit:
            narrow.append(most)
        if states[-1] > word.high and not row.decay:
            raise ConfigError(
                f"the sum of neuron {row.neurons[0]} may reach {push}, words of {word.bits} bits "
                f"hold {word.high}; take fewer weight bits or smaller inputs"
            )
        clamps |= states[-1] > word.high
    factors = [abs(rung.factor) for row in network.rows for rung in row.ladder if not row.unit]
    most = min(max(states), word.high)
    state = bits(max(most, *thresholds, *pushes))
    return Widths(
        value=max(inputs, bits(int(network.reach.max(initial=1)))),
        weight=scaling.weight,
        lane_sum=bits(max(lanes)),
        sum=bits(max(sums)),
        factor=bits(max(factors, default=1)),
        narrow=bits(max(narrow)),
        state=state,
        kept=min(state, bits(max(kept))),
        clamps=clamps,
        high=word.high,
    )


def _settled(row: Row, push: int) -> int:
    """What a state can become at most.

        |s| <= (m |s| + 2048) / 4096 + push   =>   |s| <= (4096 push + 2048) / (4096 - m)

    s state, m decay in 4096ths.
    """
    whole = 2**KEEP_BITS
    return -(-(whole * push + whole // 2) // (whole - row.decay)) if row.decay else push


@dataclass(frozen=True)
class Scaling:
    """Powers of two that weights share and memory need not hold.

    coarse  the sum of a row counts 2^coarse times where that divides all its weights
    shift   a value counts 2^shift times where that divides every weight that ever stands there
    weight  signed bits that are left
    """

    coarse: int
    shift: int
    weight: int


def is_coarse(row: Row, coarse: int) -> bool:
    """2^coarse divides all weights of the row, and is not 1."""
    return 0 < coarse <= row.zeros
