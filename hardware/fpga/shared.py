"""Matrices whose rows or columns are multiples of each other, said once."""

from __future__ import annotations

import numpy as np

from ..network import Ints


def shared_rows(rows: Ints, keys: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows up to an integer factor: rows[n] = factor[n] * base[which[n]].

    keys     rows with different keys are kept apart  # (rows,)
    returns  base, which, factor; the factors of one base have no common divisor
    """
    divisor = np.gcd.reduce(np.abs(rows), axis=1, initial=0) if rows.shape[1] else 0 * keys
    signs = leading_sign(rows)
    primitive = rows // np.where(signs == 0, 1, signs * divisor)[:, None]
    _, first, which = np.unique(
        np.column_stack([keys, primitive]), axis=0, return_index=True, return_inverse=True
    )
    which = which.reshape(-1)
    common = np.zeros(len(first), np.int64)
    np.gcd.at(common, which, divisor)
    common = np.maximum(common, 1)
    factor = np.where(signs == 0, 1, signs * divisor // common[which])
    return primitive[first] * common[:, None], which, factor


def shared_columns(columns: Ints) -> tuple[Ints, Ints, Ints]:
    """Columns, given as rows, up to sign: columns[n] = sign[n] * base[which[n]].

    returns  base, which (-1 for zeros), sign
    """
    signs = leading_sign(columns)
    some = np.nonzero(signs)[0]
    base, back = np.unique(columns[some] * signs[some, None], axis=0, return_inverse=True)
    which = np.full(len(columns), -1)
    which[some] = back.reshape(-1)
    return base, which, signs


def leading_sign(rows: Ints) -> Ints:
    """Of every row's first entry that is not 0; 0 for rows of zeros.  # (rows,)"""
    if not rows.shape[1]:
        return np.zeros(len(rows), np.int64)
    first = (rows != 0).argmax(axis=1)
    signs: Ints = np.sign(rows[np.arange(len(rows)), first])
    return signs
