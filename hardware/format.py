"""How a chip counts: decays, overflow, thresholds and resets, as data that the emulator obeys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from spiking.errors import ConfigError

from .network import Ints

# kept parts of a state are counted in so many of them
KEEP_BITS = 12


@dataclass(frozen=True)
class Word:
    """A signed integer of so many bits and what becomes of a sum that does not fit.

    overflow  "wrap": modulo 2^bits; "clip": to +-(2^(bits-1) - 1), once the sum is whole;
              "clamp": to the word, its lowest number too, once the sum is whole; "saturate": to
              the word after every single addition, spike by spike
    """

    bits: int
    overflow: str

    def __post_init__(self) -> None:
        """ConfigError for a word that cannot be emulated in 64 bits."""
        if not 2 <= self.bits <= 40 or self.overflow not in OVERFLOWS:
            raise ConfigError(f"a word of {self.bits} bits that {self.overflow}s is not known")

    @property
    def high(self) -> int:
        """The largest value."""
        return (1 << (self.bits - 1)) - 1

    @property
    def low(self) -> int:
        """The smallest value."""
        return -self.high - (self.overflow != "clip")


@dataclass(frozen=True)
class Format:
    """How the neurons of a chip count.

        I := I - D_I(I) + x       (add_first: I := I + x, then I := I - D_I(I))
        V := V - D_V(V) + I + b
        n = number of thresholds in V, at most the group's `spikes`;  V := V - n threshold, or 0

    I current, x what arrives, V potential, b bias, D the decay.

    weight_bits  signed
    decay        a key of DECAYS
    add_first    what arrives decays at once
    arrival      of what arrives in a tick, before the current takes it; None: it has no register
    drive        of I + b; None: it has no register
    leaky        of currents that keep 4096ths from tick to tick; None: `current` is of all
    fires        "at" the threshold; only "above" it; or "beyond" it, which is below a negative one
    reset        "subtract" the threshold as often as it fired, or to "zero"
    """

    weight_bits: int
    current: Word
    potential: Word
    decay: str
    add_first: bool = False
    fires: str = "above"
    reset: str = "zero"
    arrival: Word | None = None
    drive: Word | None = None
    leaky: Word | None = None

    def __post_init__(self) -> None:
        """ConfigError for words that are not known."""
        known = {
            "decay": DECAYS,
            "fires": ("at", "above", "beyond"),
            "reset": ("subtract", "zero"),
        }
        for name, words in known.items():
            if getattr(self, name) not in words:
                raise ConfigError(f"{name} {getattr(self, name)!r} is none of {sorted(words)}")


@dataclass
class Count:
    """Sums so far that did not fit their word."""

    overflows: int = field(default=0)


def _shift(value: Ints, decay: Ints) -> Ints:
    """D(v, d) = v >> d, or the sign of v where that is 0: the smallest decay is 1."""
    drop = value >> decay
    lost: Ints = np.where(drop == 0, np.sign(value), drop)
    return lost


def _toward_zero(value: Ints, keep: Ints) -> Ints:
    """D(v, m) = v - m v / 4096, the rest rounded toward zero."""
    kept: Ints = np.sign(value) * ((np.abs(value) * keep) >> KEEP_BITS)
    return value - kept


def _half_up(value: Ints, keep: Ints) -> Ints:
    """D(v, m) = v - m v / 4096, the rest rounded to the nearest, halves up."""
    kept: Ints = (value * keep + 2 ** (KEEP_BITS - 1)) >> KEEP_BITS
    return value - kept


def _wrap(value: Ints, word: Word) -> Ints:
    half = 2 ** (word.bits - 1)
    wrapped: Ints = ((value + half) & (2**word.bits - 1)) - half
    return wrapped


def _clip(value: Ints, word: Word) -> Ints:
    clipped: Ints = np.clip(value, word.low, word.high)
    return clipped


# what a state loses in one tick
DECAYS: dict[str, Callable[[Ints, Ints], Ints]] = {
    "half_up": _half_up,
    "shift": _shift,
    "toward_zero": _toward_zero,
}
OVERFLOWS: dict[str, Callable[[Ints, Word], Ints]] = {
    "clamp": _clip,
    "clip": _clip,
    "saturate": _clip,
    "wrap": _wrap,
}


def fitted(value: Ints, word: Word, count: Count) -> Ints:
    """`value` as the word holds it."""
    held = OVERFLOWS[word.overflow](value, word)
    count.overflows += int((held != value).sum())
    return held


def negated(value: Ints, word: Word) -> Ints:
    """-value in the word, where that of the lowest number is itself."""
    return np.where(value == -word.high - 1, value, -value)


def added(parts: tuple[Ints, ...], word: Word, count: Count) -> Ints:
    """The sum of `parts` in the word, in their order where every addition saturates."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
        if word.overflow == "saturate":
            total = fitted(total, word, count)
    return fitted(total, word, count)


def fired(potential: Ints, threshold: Ints, most: int, how: Format) -> tuple[Ints, Ints]:
    """Spikes of every neuron, and the potentials that are left.  # (batch, neurons)"""
    if most == 0:
        return np.zeros_like(potential), potential
    strict = how.fires != "at"
    reached, bar = potential, threshold
    if how.fires == "beyond":
        side = np.where(threshold < 0, -1, 1)
        reached, bar = side * potential, side * threshold
    if most == 1:
        spikes = (reached > bar if strict else reached >= bar).astype(np.int64)
    else:
        spikes = np.clip((reached - strict) // bar, 0, most)
    if how.reset == "zero":
        return spikes, np.where(spikes > 0, 0, potential)
    return spikes, potential - spikes * threshold
