"""Random networks in SpiNNaker's numbers, and what they do, spike by spike in Python integers."""

import math
from fractions import Fraction

import numpy as np

from hardware import Entry, Exit, Neurons, Quantized, Synapses
from hardware.exponential import factors

ONE = 2**15


def random_network(seed: int, *, target: str = "spinnaker1") -> tuple[Quantized, np.ndarray]:
    """A network and binary inputs (batch, time, channels).

    By the seed, mod 4: 0 ring buffers saturate, 1 silence, 2 and 3 a bit of everything.
    """
    rng = np.random.default_rng(seed)
    channels, hidden, outputs = rng.integers(2, 12), rng.integers(2, 30), rng.integers(1, 6)
    most = 2**16 if seed % 4 == 0 else 6000
    shift = int(rng.integers(0, 10))

    def weights(*shape: int) -> np.ndarray:
        size = rng.integers(-most + 1, most, shape)
        return np.where(rng.random(shape) < 0.7, size, 0)

    def neurons(name: str, count: int, high: int, tau: np.ndarray, spikes: int = 1) -> Neurons:
        nothing = np.zeros(count, np.int64)
        quiet = seed % 4 == 1
        bias = nothing if quiet else rng.integers(-high, high, count)
        never = quiet or spikes == 0
        threshold = nothing + 2**31 - 1 if never else rng.integers(1, 2 * high, count)
        return Neurons(name, threshold, bias, tau, nothing, spikes)

    tau = rng.integers(ONE // 8, 200 * ONE, hidden) * (rng.random(hidden) < 0.7)
    network = Quantized(
        target,
        1e-3,
        Entry(int(channels), "digits"),
        Exit("out"),
        (
            neurons("hidden", hidden, 5000 << shift, tau),
            neurons("out", outputs, 5000, np.zeros(outputs, np.int64), spikes=int(seed % 2)),
        ),
        (
            Synapses("input", "hidden", weights(hidden, channels), 1, shift),
            Synapses("hidden", "hidden", weights(hidden, hidden), 2, shift),
            Synapses("hidden", "out", weights(outputs, hidden), 1),
        ),
    )
    inputs = rng.random((2, 30, channels)) < rng.choice([0.1, 0.5])
    return network, -inputs.astype(np.int64)


def slowly(network: Quantized, arriving: np.ndarray) -> tuple[dict, dict, dict]:
    """Spikes, potentials and currents of one sample, each (ticks, neurons), as the C code has them.

    A ring buffer of 16 bits for each sign and tick; S16.15 as whole numbers of 2^-15; products as
    fractions that are rounded down.
    """
    spikes, potentials, currents = ({g.name: [] for g in network.groups} for _ in range(3))
    state = {(g.name, sign): [0] * len(g) for g in network.groups for sign in (1, -1)}
    for tick in range(len(arriving)):
        for group in network.groups:
            feeds = [s for s in network.synapses if s.target == group.name]
            both = factors(group.current_decay)
            fired, reached, driven = [], [], []
            for n in range(len(group)):
                keep, gain = (Fraction(int(each[n]), 2**32) for each in (both.keep, both.gain))
                for sign in (1, -1):
                    ring = 0
                    for feed in feeds:
                        if tick < feed.delay:
                            continue
                        past = tick - feed.delay
                        said = arriving[past] if feed.source == "input" else None
                        said = spikes[feed.source][past] if said is None else said
                        for source, spike in enumerate(said):
                            weight = sign * int(feed.weight[n, source])
                            if spike and weight > 0:
                                ring = min(ring + weight, 2**16 - 1)
                    held = math.floor(state[group.name, sign][n] * keep)
                    taken = math.floor((ring << feeds[0].shift) * gain)
                    state[group.name, sign][n] = held + taken
                current = state[group.name, 1][n] - state[group.name, -1][n]
                volts = current + int(group.bias[n])
                spike = int(group.spikes > 0 and volts >= group.threshold[n])
                fired.append(spike)
                reached.append(0 if spike else volts)
                driven.append(current)
            spikes[group.name].append(fired)
            potentials[group.name].append(reached)
            currents[group.name].append(driven)
    return spikes, potentials, currents
