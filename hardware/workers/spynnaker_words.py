"""The words that sPyNNaker would load onto a core, read back as neurons and synapses.

Layouts: sPyNNaker 7.4.1, pyNN/models/neuron/population_machine_neurons.py (core parameters),
neuron_models, threshold_types and synapse_types (structs), master_pop_table.py (table) and
synapse_dynamics/synapse_dynamics_static.py (a synapse in one word).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

# words of a neuron: its membrane, whose fifth is I_offset; a threshold; then of IF_curr_delta a
# time step and two initial inputs, of IF_curr_exp two pairs of a time constant and an initial
# input, and a time step
_MEMBRANE, _I_OFFSET = 9, 4
_DELTA, _EXP = _MEMBRANE + 1 + 1 + 2, _MEMBRANE + 1 + 5
# of the core's parameters: power of two of its neurons, ring buffers, then the shift of each
_PEAK, _TYPES = 2, 4
_ENTRY, _ROW_HEAD = 5, 3


def shifts(core: Any) -> Any:
    """Bits by which a core's ring buffers are shifted, of excitation and of inhibition."""
    return core[_TYPES + 1 : _TYPES + 1 + core[_TYPES]]


def neurons(words: Any, count: int) -> dict[str, Any]:
    """Thresholds, biases and time constants, in S16.15; 0 for a synapse that keeps nothing."""
    each = (len(words) - 1) // count
    if each not in (_DELTA, _EXP) or len(words) != 1 + each * count:
        raise ValueError(f"{len(words)} words for {count} neurons are of no known layout")
    body = words[1:]
    membrane = body[: _MEMBRANE * count].reshape(count, _MEMBRANE)
    at = (_MEMBRANE + (each == _DELTA)) * count
    synapse = body[at + count :].reshape(count, -1)
    tau = synapse[:, 0] if each == _EXP else np.zeros(count, np.int64)
    if each == _EXP and not np.array_equal(tau, synapse[:, 2]):
        raise ValueError("excitation and inhibition have different time constants")
    signed = membrane[:, _I_OFFSET].astype(np.uint32).astype(np.int32).astype(np.int64)
    return {"threshold": body[at : at + count], "bias": signed, "current_decay": tau}


def synapses(core: Any, table: Any, rows: Any, keys: Any) -> Iterator[tuple[int, Any, Any, Any]]:
    """Row by row: index into `keys`, then neurons on this core, signed weights, delays in ticks."""
    bits = int(core[_PEAK] - 1).bit_length()
    count = int(table[0])
    entries = table[2 : 2 + _ENTRY * count].reshape(count, _ENTRY)
    addresses = table[2 + _ENTRY * count :]
    for key, mask, where, cores, sizes in entries.tolist():
        first, colour, several = where & 0x1FFF, where >> 13 & 7, where >> 16
        core_mask, core_shift, size = cores & 0xFFFF, cores >> 16, sizes & 0xFFFF
        for index in np.nonzero((keys >= 0) & (keys & mask == key))[0].tolist():
            number = int(keys[index])
            inside = number & ~mask & ((1 << core_shift) - 1)
            row = (number >> core_shift & core_mask) * size + (inside >> colour)
            for address in addresses[first : first + several].tolist():
                start = (address >> 8) * 4 + row * ((address & 0xFF) + 1 + _ROW_HEAD)
                fixed = int(rows[start + 1])
                words = rows[start + _ROW_HEAD : start + _ROW_HEAD + fixed]
                sign = 1 - 2 * (words >> bits & 1)
                late = (words & 0xFFFF) >> bits + 1
                yield index, words & ((1 << bits) - 1), sign * (words >> 16), late
