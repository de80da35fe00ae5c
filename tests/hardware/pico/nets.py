"""Random networks around a bank of states, in the integers of an Akida Pico."""

import numpy as np

from hardware import Entry, Exit, Neurons, Quantized, Synapses
from hardware.network import INPUT

HIGH = 2**15 - 1


def random_network(seed: int) -> tuple[Quantized, np.ndarray]:
    """Gates, cells and relays of one or two layers, and inputs.

    Two seeds in five leave 16 bits, one in five is silent: no gate ever fires.
    """
    rng = np.random.default_rng(seed)
    kind = ("wild", "wild", "silent", "plain", "plain")[seed % 5]
    wild, layers, inputs = kind == "wild", 1 + seed % 2, int(rng.integers(1, 5))
    groups, synapses, below = [], [], (INPUT, inputs)

    def weights(rows: int, columns: int) -> np.ndarray:
        return np.where(
            rng.random((rows, columns)) < 0.7, rng.integers(-40, 41, (rows, columns)), 0
        )

    for layer in range(layers):
        gates, units, relays = (int(n) for n in rng.integers((12, 1, 1), (24, 9, 6)))
        each = int(rng.integers(1, 5))
        gate, cell = f"g{layer}", f"c{layer}"
        low, high = {"wild": (-300, 0), "silent": (10**6, 10**7), "plain": (-30, 60)}[kind]
        bar = rng.integers(low, high, gates)
        zeros = np.zeros(gates, np.int64)
        groups.append(Neurons(gate, bar, rng.integers(-60, 60, gates), zeros, zeros, tick=layer))
        heard = rng.choice([-1, 0, 1], (units, gates), p=[0.0, 0.2, 0.8] if wild else None)
        heard *= rng.choice([-1, 1], (units, 1))
        scale = 2 ** (rng.integers(7, 10, units) if wild else rng.integers(0, 8, units))
        keep = rng.choice([4000, 4095, 4096] if wild else [1, 2048, 3000, 4095], units)
        bars = rng.integers(1, HIGH if wild else 900, (units, each)) * rng.choice(
            [-1, 1], (units, each)
        )
        silent = np.zeros(units * each + relays, np.int64)
        groups.append(
            Neurons(
                cell,
                np.concatenate([bars.ravel(), rng.integers(1, 9, relays)]),
                silent,
                np.concatenate([np.repeat(keep, each), np.zeros(relays, np.int64)]),
                silent,
                tick=layer,
            )
        )
        mixed = np.concatenate(
            [np.repeat(heard * scale[:, None], each, axis=0), rng.integers(-3, 9, (relays, gates))]
        )
        size = units * each + relays
        synapses += [
            Synapses(below[0], gate, weights(gates, below[1]), 1 if layer else 0),
            Synapses(cell, gate, weights(gates, size), 1),
            Synapses(gate, cell, mixed, 0),
        ]
        below = (cell, size)
    outputs = int(rng.integers(1, 5))
    nothing = np.zeros(outputs, np.int64)
    groups.append(
        Neurons("out", nothing, rng.integers(-9, 9, outputs), nothing, nothing, 0, layers - 1)
    )
    synapses.append(Synapses(below[0], "out", weights(outputs, below[1]), 0))
    network = Quantized(
        "akida-pico", 1e-3, Entry(inputs), Exit("out"), tuple(groups), tuple(synapses)
    )
    return network, rng.integers(-40, 41, (2, 40, inputs))
