"""Random recurrent networks in Loihi's integers."""

import numpy as np

from hardware import Entry, Exit, Neurons, Quantized, Synapses

HIGH = 2**23 - 1


def random_network(
    seed: int, *, target: str = "loihi1", tame: bool = False
) -> tuple[Quantized, np.ndarray]:
    """A network and binary inputs (batch, time, channels).

    tame  no tick brings more than the 22 bits that Loihi 1 has for it, nor does a bias overflow
          what a current is added to; lava has no such registers

    By the seed, mod 5: 0 currents that wrap around (slow, without bias); 1 potentials that clip;
    2 silence; 3 and 4 a bit of everything.
    """
    rng = np.random.default_rng(seed)
    kind = seed % 5
    channels, hidden, outputs = rng.integers(2, 12), rng.integers(2, 40), rng.integers(1, 6)

    def weights(*shape: int) -> np.ndarray:
        mixed = rng.integers(-127, 128, shape) * 2
        one = rng.integers(0, 256, shape) * rng.choice([-1, 1])
        chosen = mixed if rng.random() < 0.6 else one
        if kind == 0:
            chosen = np.abs(chosen) * rng.choice([-1, 1])
        return np.where(rng.random(shape) < 0.7, chosen, 0)

    def neurons(name: str, count: int, spikes: int) -> Neurons:
        nothing = np.zeros(count, np.int64)
        bias = rng.integers(-4095, 4096, count) << rng.integers(0, 8, count)
        keep_u, keep_v = rng.integers(0, 4096, count), rng.integers(1, 4097, count)
        keep_u = np.minimum(keep_u, 3584) if tame else keep_u
        threshold = rng.integers(1, 2000, count) << 6
        if kind == 0:
            bias, keep_u = nothing, np.full(count, 4095)
            threshold = rng.integers(100_000, 131_072, count) << 6
        if kind == 1:
            keep_v = np.full(count, 4096)
            bias = rng.choice([-1, 1], count) * 4095 << 7
            threshold = np.full(count, 131_071 << 6)
        if kind == 2:
            bias, threshold = nothing, np.full(count, 131_071 << 6)
        return Neurons(name, threshold, bias, keep_u, keep_v, spikes)

    shifts = 6 + (np.array([2 if tame else 7, 0, 0]) if kind == 0 else rng.integers(0, 4, 3))
    if tame and kind > 0:
        shifts = np.full(3, 6)
    network = Quantized(
        target,
        1e-3,
        Entry(int(channels), "digits"),
        Exit("out"),
        (neurons("hidden", hidden, 1), neurons("out", outputs, 1)),
        (
            Synapses("input", "hidden", weights(hidden, channels), 1, int(shifts[0])),
            Synapses("hidden", "hidden", weights(hidden, hidden), 1, int(shifts[1])),
            Synapses("hidden", "out", weights(outputs, hidden), 1, int(shifts[2])),
        ),
    )
    inputs = rng.random((2, 60, channels)) < rng.choice([0.1, 0.5])
    return network, -inputs.astype(np.int64)
