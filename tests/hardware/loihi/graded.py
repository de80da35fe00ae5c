"""Random networks of compound units: as arrays, and in integers that overflow."""

import numpy as np

from hardware import CompoundLayer, CompoundNetwork, Entry, Exit, Neurons, Quantized, Synapses

SIGMOID = 1.0 / (1.0 + np.exp(-np.arange(-64, 65) / 8))


def compound_net(
    seed: int = 0, *, sizes=(5,), inputs: int = 3, gain: float = 2.0, **words
) -> CompoundNetwork:
    """Layers of so many units with weights that are not trained."""
    rng = np.random.default_rng(seed)
    layers = [
        CompoundLayer(
            rng.normal(0, gain, (3 * units, below)),
            rng.normal(0, gain, (3 * units, units)),
            rng.normal(0, 1.0, 3 * units),
            rng.uniform(0.0, 0.999, units),
        )
        for below, units in zip((inputs, *sizes), sizes, strict=False)
    ]
    given = {
        "readout": rng.normal(0, 1.0, (4, sizes[-1])),
        "offset": rng.normal(0, 1.0, 4),
        "line": SIGMOID,
        "line_bits": 3,
        "line_error": 3.5e-4,
        "levels": 16,
        "theta": 1,
        "input_bits": 4,
        "input_max": 1.0,
    } | words
    return CompoundNetwork(tuple(layers), **given)


def random_graded(seed: int) -> tuple[Quantized, np.ndarray]:
    """A network and inputs (batch, time, inputs), in integers that no quantiser would choose.

    By the seed, mod 5: 0 currents that wrap around; 1 potentials that clip, lines that end early;
    2 silence; 3 and 4 a bit of everything, with two layers and thresholds above 1.
    """
    rng = np.random.default_rng(seed)
    kind = seed % 5
    inputs, outputs = int(rng.integers(1, 8)), int(rng.integers(1, 6))
    sizes = rng.integers(1, 12, 2 if kind > 2 else 1)

    def weights(*shape: int) -> np.ndarray:
        chosen = rng.integers(0, 256, shape) * (1 if kind < 2 else rng.choice([-1, 1]))
        return np.where(rng.random(shape) < 0.7, 0 if kind == 2 else chosen, 0)

    def neurons(name: str, count: int, keep, **words) -> Neurons:
        nothing = np.zeros(count, np.int64)
        given = {"threshold": nothing, "bias": nothing, "potential_decay": nothing} | words
        return Neurons(name, current_decay=nothing + keep, **given)

    groups, synapses, below = [], [], "input"
    for at, units in enumerate(map(int, sizes)):
        gates, cell, output = (f"l{at}_{part}" for part in ("gates", "cell", "output"))
        knots = np.sort(rng.integers(0, 2**16, 2 * int(rng.integers(1, 40)) + 1))
        drop, quantum = int(rng.integers(4, 18)), int(rng.integers(8, 13))
        reach = rng.integers(0, 4096, units) if kind != 1 else 4095
        # the largest bias of the register, on top of a current at its end
        offset = {"bias": np.full(3 * units, 4095 << 7)} if kind == 1 else {}
        level = {"spikes": 2**16, "says": "level", "tick": at + 1}
        groups += [
            neurons(gates, 3 * units, 4096, drop=drop, knots=knots, **level, **offset),
            neurons(cell, units, reach, drop=int(rng.integers(8, 16)), knots=knots, **level),
            neurons(
                output,
                units,
                0,
                bias=np.full(units, 1 << (quantum - 1)),
                threshold=np.full(units, 1 if kind < 3 else int(rng.integers(1, 5))),
                spikes=2**10,
                says="change",
                drop=quantum,
                tick=at + 1,
            ),
        ]
        # what arrives in a tick stays below 2^24: lava wraps a current around once
        one, none = np.eye(units, dtype=np.int64), np.zeros((units, units), np.int64)
        first, back = (8, 2) if kind < 2 else map(int, rng.integers(0, 3, 2))
        first += 3 * (kind > 1 and at == 0)
        into = weights(3 * units, inputs if below == "input" else int(sizes[at - 1]))
        synapses += [
            Synapses(below, gates, into, 1, first),
            Synapses(output, gates, weights(3 * units, units), 1, back),
            Synapses(gates, cell, np.concatenate([one, -one, none], axis=1), 0, 3 * (kind == 0)),
            Synapses(cell, output, one, 0),
            Synapses(gates, output, np.concatenate([none, none, -one], axis=1), 0),
        ]
        below = output
    groups.append(neurons("readout", outputs, 4096, spikes=0, says="nothing", tick=len(sizes) + 1))
    synapses.append(Synapses(below, "readout", weights(outputs, int(sizes[-1])), 1, 3))
    network = Quantized(
        "loihi2-graded",
        1e-3,
        # accumulators that are given values in the place of changes run over
        Entry(inputs, "graded" if kind < 2 else "changes"),
        Exit("readout"),
        tuple(groups),
        tuple(synapses),
    )
    return network, rng.integers(0 if kind < 2 else -16, 17, (2, 60, inputs))
