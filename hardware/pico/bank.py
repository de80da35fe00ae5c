"""The bank of states of an Akida Pico: one channel for all neurons that see the same state.

    s := sat16(floor((k s + 2^(12+m) x + 2048) / 4096)) = sat16(floor((k s + 2048) / 4096) + 2^m x)

s state, k 4096ths that a step keeps (A_real, with a shift by 12), x what the host sends (8 bits),
m a shift of the channel. Both projections are the identity, and the output has 32 bits, so that the
host reads every state: akida 2.19.3, layers/stateful_recurrent.py. How it rounds and saturates is
written nowhere; random networks that equal it say so (docs/akida.md).
"""

from __future__ import annotations

import numpy as np

from ..distinct import distinct
from ..format import Word
from ..network import Ints, Quantized
from ..placement import Share

STATE = Word(16, "clamp")
# akida 2.19.3, what `Model.map(PicoIP(), hw_only=True)` says of a bank that is too large
MOST_CHANNELS, MOST_WORDS = 256, 8192
# what is sent is a byte; -128 is left out, so that both signs reach as far
MOST_SENT = 127


def padded(cells: int) -> int:
    """Channels of a bank of so many cells: the mapper takes powers of two alone."""
    return 1 << (cells - 1).bit_length() if cells else 0


def words(channels: int) -> int:
    """64-bit words of filter memory: both projections are square, and a row fills whole words."""
    return 2 * channels * -(-channels // 8)


# the memory ends before the channels do
MOST_CELLS = max(2**n for n in range(9) if words(2**n) <= MOST_WORDS)


def cells(network: Quantized, share: Share) -> int:
    """Different states of the neurons in `share` that keep something from step to step."""
    return sum(len(distinct(_states(network, name, which))[0]) for name, which in share.items())


def state_channels(network: Quantized, share: Share) -> int:
    """Channels of the bank."""
    return padded(cells(network, share))


def filter_words(network: Quantized, share: Share) -> int:
    """Words of filter memory."""
    return words(state_channels(network, share))


def _states(network: Quantized, name: str, which: Ints) -> Ints:
    """What a neuron's state depends on: what it keeps, and the weights of all that it is fed."""
    keep = next(g.current_decay for g in network.groups if g.name == name)
    held = which[keep[which] > 0]
    fed = [each.weight[held] for each in network.synapses if each.target == name]
    return np.concatenate([keep[held, None], *fed], axis=1)
