"""What a share of a network takes of a Loihi neuron core.

Counted as `block.utilization()` of nengo-loihi 1.1.0 counts (block.py), which a test compares.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ..network import Ints, Quantized, group_named
from ..placement import Share

# SynapseConfig.bits_per_axon: a block of at most 64 synapses has a head of 4 + 6 bits and fills
# whole words of 64
_IN_A_BLOCK, _HEAD, _WORD = 64, 10, 64
_WEIGHT = 8
# block.py, MAX_SYNAPSE_BITS: 16384 words
SYNAPSE_BITS = 16_384 * _WORD
# SynapseConfig.INDEX_BITS_MAP: bits that a place among the compartments may take
_PLACES = np.array([0, 6, 7, 8, 9, 10, 11, 12])


def synapse_bits(network: Quantized, share: Share) -> int:
    """Of synapse memory."""
    return sum(each for _, each in _connections(network, share))


def in_axons(network: Quantized, share: Share) -> int:
    """Sources of each connection that end on a core."""
    return sum(count for count, _ in _connections(network, share))


def synapse_formats(network: Quantized, share: Share) -> int:
    """Connections, each of which may need an exponent and a form of its own."""
    return sum(1 for _ in _connections(network, share))


def compartment_formats(network: Quantized, share: Share) -> int:
    """Different pairs of decays."""
    pairs = [
        np.stack([g.current_decay[rows], g.potential_decay[rows]], axis=1)
        for g, rows in ((group_named(network, name), rows) for name, rows in share.items())
    ]
    return len(np.unique(np.concatenate(pairs), axis=0))


def threshold_formats(network: Quantized, share: Share) -> int:
    """Different thresholds."""
    each = [group_named(network, name).threshold[rows] for name, rows in share.items()]
    return len(np.unique(np.concatenate(each)))


def likely_out_axons(network: Quantized, share: Share) -> int:
    """What `out_axons` will be if every group fills cores of its own with its synapses.

    Which cores a spike goes to is not known before all is placed, but how many there will be is.
    """
    return sum(
        _cores_of(network, each.target)
        * int((each.weight[:, share[each.source]] != 0).any(0).sum())
        for each in network.synapses
        if each.source in share
    )


@functools.lru_cache(maxsize=32)
def _cores_of(network: Quantized, name: str) -> int:
    """Cores over which a group's synapses spread; it may begin on one that is half full."""
    whole = synapse_bits(network, {name: np.arange(network.sizes[name])})
    return 1 + -(-whole // SYNAPSE_BITS)


def out_axons(network: Quantized, cores: Mapping[str, Ints], count: int) -> Ints:
    """Connections into cores that a core's neurons have, neuron by neuron.  # (cores,)"""
    total = np.zeros(count, np.int64)
    for each in network.synapses:
        if each.source in cores:
            for core in range(count):
                used = (each.weight[cores[each.target] == core] != 0).any(axis=0)
                np.add.at(total, cores[each.source][used], 1)
    return total


def _connections(network: Quantized, share: Share) -> Iterator[tuple[int, int]]:
    """In-axons and bits of each connection into `share`; a wire inside a neuron takes none."""
    start, first = 0, {}
    for group in network.groups:
        if group.name in share:
            first[group.name] = start
            start += len(share[group.name])
    for each in network.synapses:
        if each.target in share and each.delay:
            there: NDArray[np.bool_] = each.weight[share[each.target]] != 0
            targets = there.any(axis=1)
            if targets.any():
                width = first[each.target] + int(np.nonzero(targets)[0][-1]) + 1
                counts = there.sum(0)
                counts = counts[counts > 0]
                dense = len(counts) * int(_bits(np.array([width]), 0)[0])
                places = int(_PLACES[np.searchsorted(_PLACES, np.ceil(np.log2(width)))])
                yield len(counts), min(dense, int(_bits(counts, places).sum()))


def _bits(synapses: Ints, places: int) -> Ints:
    """Bits that axons with so many synapses take; `places` bits say where each goes.  # (axons,)"""
    whole, rest = np.divmod(synapses, _IN_A_BLOCK)
    each = _WEIGHT + places

    def words(count: Ints) -> Ints:
        found: Ints = -(-(count * each + _HEAD) // _WORD) * _WORD
        return found

    total: Ints = whole * words(np.array(_IN_A_BLOCK)) + np.where(rest > 0, words(rest), 0)
    return total
