"""Faults of bytes: turned, cut, spliced, written twice, claiming a lot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Mutation = Callable[[np.random.Generator, bytes], bytes]


def mutated(rng: np.random.Generator, data: bytes, rewritten: Mutation | None = None) -> bytes:
    """`data` with one to three faults, of its structure first; the same for the same `rng`.

    rewritten  makes a fault of the structure; it never sees a file with faults of bytes, which
               could end the library that it uses
    """
    count = int(rng.choice([1, 1, 1, 2, 3]))
    structural = 0 if rewritten is None else int(rng.integers(count + 1))
    for at in range(count):
        if rewritten is not None and at < structural:
            data = rewritten(rng, data)
        else:
            data = PLAIN[int(rng.integers(len(PLAIN)))](rng, data)
    return data


def place_in(rng: np.random.Generator, data: bytes) -> int:
    """Half of the time within the first 4 KiB, where the structure is."""
    most = len(data) if rng.random() < 0.5 else min(len(data), 4096)
    return int(rng.integers(most + 1))


def flipped(rng: np.random.Generator, data: bytes) -> bytes:
    """A few bits turned."""
    found = bytearray(data)
    for _ in range(int(rng.integers(1, 9)) if found else 0):
        found[min(place_in(rng, data), len(data) - 1)] ^= 1 << int(rng.integers(8))
    return bytes(found)


def cut(rng: np.random.Generator, data: bytes) -> bytes:
    """The end lost."""
    return data[: place_in(rng, data)]


def spliced(rng: np.random.Generator, data: bytes) -> bytes:
    """A piece removed."""
    start = place_in(rng, data)
    return data[:start] + data[start + int(rng.integers(1, 64)) :]


def repeated(rng: np.random.Generator, data: bytes) -> bytes:
    """A piece written again elsewhere."""
    start, place = place_in(rng, data), place_in(rng, data)
    return data[:place] + data[start : start + int(rng.integers(1, 256))] + data[place:]


def copied(rng: np.random.Generator, data: bytes) -> bytes:
    """A piece written over another, so that addresses still hold."""
    start, place = place_in(rng, data), place_in(rng, data)
    piece = data[start : start + int(rng.choice([1, 2, 4, 8, 64]))]
    return data[:place] + piece + data[place + len(piece) :]


def overwritten(rng: np.random.Generator, data: bytes) -> bytes:
    """Bytes that claim a lot: runs of 0xFF make the largest lengths."""
    place, count = place_in(rng, data), int(rng.integers(1, 10))
    return data[:place] + b"\xff" * count + data[place + count :]


PLAIN: tuple[Mutation, ...] = (flipped, cut, spliced, repeated, copied, overwritten)
