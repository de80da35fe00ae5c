"""Paired statistics of two classifiers on the same samples: intervals, a test, a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from spiking.errors import ConfigError, EmptyDataError, ShapeError

Correct = NDArray[np.bool_]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A share (or a difference of shares) with its confidence interval, all in [-1, 1]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Two classifiers on the same samples, the second against the first.

    delta      accuracy of the second minus that of the first
    lost       samples that only the first gets right (McNemar's b)
    won        samples that only the second gets right (McNemar's c)
    p_value    exact McNemar
    """

    delta: Interval
    lost: int
    won: int
    p_value: float


def wilson(successes: int, count: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Score interval of a share (Wilson 1927; Newcombe 1998a, method 3).

    (2 n p + z^2 -+ z sqrt(z^2 + 4 n p (1 - p))) / (2 (n + z^2)), n samples, p share, z quantile.
    """
    if count < 1:
        raise EmptyDataError("a share of no samples is not defined")
    z = _quantile(confidence)
    share = successes / count
    middle = 2 * count * share + z * z
    half = z * math.sqrt(z * z + 4 * count * share * (1 - share))
    low, high = ((middle + sign * half) / (2 * (count + z * z)) for sign in (-1, 1))
    return Interval(share, 0.0 if successes == 0 else low, 1.0 if successes == count else high)


def mcnemar(lost: int, won: int) -> float:
    """Two-sided exact p-value that `lost` and `won` are equally likely (McNemar 1947).

    min(1, 2 P(X <= min(b, c))), X ~ Binomial(b + c, 1/2); 1 without discordant samples.
    """
    if lost + won == 0:
        return 1.0
    return float(min(1.0, 2.0 * binom.cdf(min(lost, won), lost + won, 0.5)))


def paired(first: Correct, second: Correct, *, confidence: float = CONFIDENCE) -> Paired:
    """Compare two vectors of right and wrong answers to the same samples.

    The interval of the difference is Newcombe's method 10 (Newcombe 1998b, Statistics in
    Medicine 17:2635-2650): Wilson's limits of the two shares, joined with the correlation of
    the pairs (continuity corrected towards 0).
    """
    if first.shape != second.shape or first.ndim != 1:
        raise ShapeError(
            f"answers have shapes {first.shape} and {second.shape}; they are not pairs"
        )
    if len(first) == 0:
        raise EmptyDataError("no samples to compare")
    both = int((first & second).sum())
    lost, won = int((first & ~second).sum()), int((~first & second).sum())
    neither = len(first) - both - lost - won
    one = wilson(both + lost, len(first), confidence=confidence)
    two = wilson(both + won, len(first), confidence=confidence)
    phi = _correlation(both, lost, won, neither)
    delta = two.value - one.value
    below = math.sqrt(
        max(
            0.0,
            (two.value - two.low) ** 2
            - 2 * phi * (two.value - two.low) * (one.high - one.value)
            + (one.high - one.value) ** 2,
        )
    )
    above = math.sqrt(
        max(
            0.0,
            (two.high - two.value) ** 2
            - 2 * phi * (two.high - two.value) * (one.value - one.low)
            + (one.value - one.low) ** 2,
        )
    )
    return Paired(Interval(delta, delta - below, delta + above), lost, won, mcnemar(lost, won))


def _correlation(both: int, lost: int, won: int, neither: int) -> float:
    """Phi of the 2 x 2 table, its numerator reduced by n/2 where positive (Newcombe 1998b)."""
    margins = (both + lost) * (won + neither) * (both + won) * (lost + neither)
    if margins == 0:
        return 0.0
    product = float(both * neither - lost * won)
    if product > 0:
        product = max(product - (both + lost + won + neither) / 2, 0.0)
    return product / math.sqrt(margins)


def resolution(count: int, discordant: int, *, confidence: float = CONFIDENCE) -> float:
    """Smallest difference of accuracy that `count` pairs can show: z sqrt(max(d, 1)) / n.

    Half the width of the normal interval of a paired difference with d discordant samples.
    """
    if count < 1:
        raise EmptyDataError("no samples to compare")
    return _quantile(confidence) * math.sqrt(max(discordant, 1)) / count


def verdict(delta: Interval, margin: float) -> str:
    """How a difference stands to a margin that may be lost, both as shares.

    PASS      the whole interval lies above -margin: not inferior (a p-value cannot say this)
    FAIL      the whole interval lies below -margin
    DEGRADED  the measured loss exceeds the margin, the interval reaches across it
    WITHIN    the measured loss keeps the margin, but this many samples cannot prove it
    """
    if not 0.0 < margin < 1.0:
        raise ConfigError(f"margin is {margin}; it must be a share between 0 and 1")
    if delta.low > -margin:
        return "PASS"
    if delta.high < -margin:
        return "FAIL"
    return "WITHIN" if delta.value >= -margin else "DEGRADED"


def _quantile(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ConfigError(f"confidence is {confidence}; it must lie in (0, 1)")
    return float(norm.ppf(0.5 + confidence / 2))
