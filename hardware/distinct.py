"""Rows of a matrix that differ: neurons that hear alike are computed, or held, once."""

from __future__ import annotations

import numpy as np

from .network import Ints


def distinct(rows: Ints) -> tuple[Ints, Ints]:
    """The rows that differ, and which of them each row is.  # (different, columns), (rows,)

    Rows are told apart by their product with random numbers, modulo 2^64, and then compared.
    """
    key = rows @ np.random.default_rng(0).integers(-(2**62), 2**62, rows.shape[1])
    _, chosen, back = np.unique(key, return_index=True, return_inverse=True)
    found = rows[chosen]
    if not np.array_equal(found[back], rows):
        found, back = np.unique(rows, axis=0, return_inverse=True)
    return found, back.reshape(-1)
