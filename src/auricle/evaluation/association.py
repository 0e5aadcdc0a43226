"""Do two numbers of many runs go together, as validation loss and evaluation mAP@10?

Pearson's r asks for a straight line, Spearman's for the same order. A correlation over runs says how well one number
stands for the other in choosing among such runs; runs of one arm are more alike than chance, and the p-values, which
take runs for independent, are then too small.

Sources: `scipy.stats`; R. A. Fisher, On the "Probable Error" of a Coefficient of Correlation, 1921.
"""

from dataclasses import dataclass
from itertools import permutations
from math import nan

import numpy as np
from numpy.typing import ArrayLike

from auricle.evaluation.measures import FloatArray

_FEWEST = 3
"""Two points always lie on a line."""

_ENUMERABLE = 8
"""Up to so many runs, every order of them is looked at: 40,320 of eight."""

_ROUNDING = 1e-11
"""Values nearer than this, relative to the largest, are the same but for rounding."""


@dataclass(frozen=True)
class Association:
    """How two numbers of the same runs go together; nan with fewer than three runs, or where one never changes.

    Attributes:
        n: Number of runs.
        pearson: Correlation of the values, within [-1, 1].
        pearson_p: Of no correlation, two-sided, for normal values.
        pearson_low: Lower bound of its interval, by Fisher's z.
        pearson_high: Upper bound.
        spearman: Correlation of the ranks, within [-1, 1].
        spearman_p: Of no order in common, two-sided: exact of up to eight runs, by a t distribution of more.
    """

    n: int
    pearson: float
    pearson_p: float
    pearson_low: float
    pearson_high: float
    spearman: float
    spearman_p: float


def associate(x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95) -> Association:
    """Correlate two numbers over runs.

    Args:
        x: Finite values of shape (runs,).
        y: Likewise, of the same runs in the same order.
        confidence: Of the interval, between 0 and 1.

    Raises:
        ValueError: If the shapes differ or are not (runs,), a value is not finite, or `confidence` is out of range.

    Example:
        >>> found = associate([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
        >>> round(found.pearson, 2), round(found.spearman, 2), round(found.spearman_p, 2)
        (0.8, 0.8, 0.13)
    """
    from scipy import stats

    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"values of shape {first.shape} and {second.shape}; two of (runs,) are needed")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("some values are not finite (NaN or infinity)")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it lies between 0 and 1")
    n = len(first)
    if n < _FEWEST or any(np.ptp(values) <= _ROUNDING * np.abs(values).max() for values in (first, second)):
        return Association(n, nan, nan, nan, nan, nan, nan)
    pearson = stats.pearsonr(first, second)
    low, high = pearson.confidence_interval(confidence)
    ranks = stats.rankdata(first), stats.rankdata(second)
    spearman = stats.spearmanr(*ranks)
    return Association(
        n=n,
        pearson=float(pearson.statistic),
        pearson_p=float(pearson.pvalue),
        pearson_low=float(low),
        pearson_high=float(high),
        spearman=float(spearman.statistic),
        spearman_p=_share_as_ordered(*ranks) if n <= _ENUMERABLE else float(spearman.pvalue),
    )


def _share_as_ordered(one: FloatArray, other: FloatArray) -> float:
    """Return the share of all orders of `other` in which ranks go together, or against each other, at least as much."""
    one, other = one - one.mean(), other - other.mean()
    agreement = np.abs(np.array(list(permutations(other))) @ one)
    return float(np.mean(agreement >= abs(one @ other) - _ROUNDING * len(one) ** 3))
