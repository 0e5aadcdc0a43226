"""Tests of one number per run, which are scipy's, and whether there are values enough for them.

Conventions: two-sided; a test that cannot be made is nan and says why; what scipy warns of is passed on as a note.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from auricle.evaluation.measures import FloatArray

ROUNDING = 1e-11
"""Values nearer than this, relative to the largest, are the same."""


@dataclass(frozen=True)
class Tested:
    """What one test found.

    Attributes:
        test: Its name.
        sample: What was tested: ``one``, ``other``, ``differences``, or ``both``.
        statistic: Of the test; nan where it cannot be had.
        p_value: Two-sided; nan where it cannot be had.
        note: Why it is nan, or what to mind; empty if nothing.
    """

    test: str
    sample: str
    statistic: float
    p_value: float
    note: str = ""


def tests_of_groups(one: FloatArray, other: FloatArray) -> tuple[Tested, ...]:
    """Return Student's t, Welch's t and Mann-Whitney U of `other` against `one`."""
    from scipy import stats

    scale = largest(one, other)
    few = "" if min(len(one), len(other)) > 1 else "a group has a single value"
    flat = "the values of each group are equal" if constant(one, scale) and constant(other, scale) else ""
    same = "all values are equal" if constant(np.concatenate([one, other]), scale) else ""
    return (
        _tested("Student's t", "both", few or flat, lambda: stats.ttest_ind(other, one)),
        _tested("Welch's t", "both", few or flat, lambda: stats.ttest_ind(other, one, equal_var=False)),
        _tested("Mann-Whitney U", "both", few or same, lambda: stats.mannwhitneyu(other, one)),
    )


def tests_of_pairs(differences: FloatArray, scale: float) -> tuple[Tested, ...]:
    """Return paired t and Wilcoxon signed-rank of differences between values as large as `scale`."""
    from scipy import stats

    few = "" if len(differences) > 1 else "there is a single pair"
    flat = "all differences are equal" if constant(differences, scale) else ""
    same = "" if differences.any() else "all differences are 0"
    return (
        _tested("paired t", "differences", few or flat, lambda: stats.ttest_1samp(differences, 0)),
        _tested("Wilcoxon signed-rank", "differences", few or same, lambda: stats.wilcoxon(differences)),
    )


def normality(sample: str, values: FloatArray, scale: float) -> Tested:
    """Return Shapiro-Wilk of values as large as `scale`."""
    from scipy import stats

    few = "" if len(values) > 2 else "fewer than 3 values"
    flat = "all values are equal" if constant(values, scale) else ""
    return _tested("Shapiro-Wilk", sample, few or flat, lambda: stats.shapiro(values))


def largest(*samples: FloatArray) -> float:
    """Return the largest absolute value."""
    return float(max(np.abs(values).max() for values in samples))


def constant(values: FloatArray, scale: float) -> bool:
    """Return whether values as large as `scale` are equal but for rounding."""
    return bool(np.ptp(values) <= ROUNDING * scale)


def _tested(test: str, sample: str, reason: str, call: Callable[[], Any]) -> Tested:
    """Return what a test of scipy found, with what it warns of, or why it was not made."""
    if reason:
        return Tested(test, sample, nan, nan, reason)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = call()
    return Tested(test, sample, float(found.statistic), float(found.pvalue), " ".join(str(one.message) for one in told))
