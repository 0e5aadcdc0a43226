"""One number per run: what seeds scatter, and whether two groups of runs differ by more than that.

`significance` asks whether a difference would hold on other clips; this module asks whether it would hold on other
trainings. Its values are one measure of each run, as ``mAP@10`` of ten seeds.

Conventions: `other` is held against `one`, so that a positive difference, statistic or effect means that `other` is
larger; tests are two-sided and scipy's. What cannot be known of such values is nan, with a note that says why.
Sources: those of `scipy.stats`, and of `effects`.
"""

from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike

from auricle.evaluation.effects import Design, effect_interval, hedges_g, smallest_detectable
from auricle.evaluation.measures import FloatArray
from auricle.evaluation.sample_tests import ROUNDING, Tested, largest, normality, tests_of_groups, tests_of_pairs


@dataclass(frozen=True)
class Summary:
    """Values of one kind.

    Attributes:
        n: How many.
        mean: Of them.
        standard_deviation: Of single values, divided by n - 1; nan for one value.
        low: Lower bound of the t interval of the mean; nan for one value.
        high: Upper bound.
    """

    n: int
    mean: float
    standard_deviation: float
    low: float
    high: float


@dataclass(frozen=True)
class Effect:
    """How large a difference is against the spread of single values; in standard deviations.

    Attributes:
        name: ``Hedges' g``, or of paired values ``Hedges' g of d_z``.
        value: The estimate, without the bias of small samples; nan where it cannot be had.
        low: Lower bound of the true effect.
        high: Upper bound.
        note: Why it is nan; empty if it is not.
    """

    name: str
    value: float
    low: float
    high: float
    note: str = ""


@dataclass(frozen=True)
class Detectable:
    """The smallest true difference that a t-test on as many values finds with a probability of `power`.

    Attributes:
        effect: In standard deviations; it depends on the number of values alone. nan where that is too small.
        difference: In the values' unit, by the standard deviation that was found.
        power: The probability.
        alpha: Level of the test.
    """

    effect: float
    difference: float
    power: float
    alpha: float


@dataclass(frozen=True)
class SamplesComparison:
    """Two groups of runs, held against each other.

    Attributes:
        paired: Whether each value of `one` belongs to one of `other`.
        one: The first group.
        other: The second.
        difference: Mean of `other` - mean of `one`.
        low: Lower bound: of Welch's t interval, or of the t interval of the paired differences.
        high: Upper bound.
        confidence: Of all intervals.
        normality: Shapiro-Wilk of each group, or of the paired differences.
        tests: Student's t, Welch's t and Mann-Whitney U; or paired t and Wilcoxon signed-rank.
        effect: Size of the difference.
        detectable: What the design could have seen.
    """

    paired: bool
    one: Summary
    other: Summary
    difference: float
    low: float
    high: float
    confidence: float
    normality: tuple[Tested, ...]
    tests: tuple[Tested, ...]
    effect: Effect
    detectable: Detectable


def summarise(values: ArrayLike, *, confidence: float = 0.95) -> Summary:
    """Return mean and spread of values, and the t interval of the mean.

    Args:
        values: Finite, of shape (runs,), at least one.
        confidence: Of the interval, between 0 and 1.

    Raises:
        ValueError: If there is no value, one is not finite, or `confidence` is out of range.

    Example:
        >>> found = summarise([0.20, 0.22, 0.24])
        >>> round(found.mean, 2), round(found.standard_deviation, 2), round(found.low, 2), round(found.high, 2)
        (0.22, 0.02, 0.17, 0.27)
    """
    from scipy import stats

    numbers = _numbers(values)
    _check_between(confidence=confidence)
    n, mean = len(numbers), float(numbers.mean())
    if n == 1:
        return Summary(1, mean, nan, nan, nan)
    deviation = float(numbers.std(ddof=1))
    reach = float(stats.t.isf((1 - confidence) / 2, n - 1)) * deviation / sqrt(n)
    return Summary(n, mean, deviation, mean - reach, mean + reach)


def compare_samples(
    one: ArrayLike,
    other: ArrayLike,
    *,
    paired: bool,
    confidence: float = 0.95,
    power: float = 0.8,
    alpha: float = 0.05,
) -> SamplesComparison:
    """Hold two groups of runs against each other.

    Args:
        one: Finite values of shape (runs,).
        other: Likewise; if `paired`, as many, each in the place of the one that it belongs to.
        paired: Whether they belong together in pairs, as runs on the same split of the data do.
        confidence: Of the intervals, between 0 and 1.
        power: With which the smallest detectable difference would be found.
        alpha: Level at which it would be, below `power`.

    Raises:
        ValueError: If a group is empty or not finite, pairs lack a partner, or a number is out of range.

    Example:
        >>> found = compare_samples([0.20, 0.22, 0.24], [0.25, 0.28, 0.28], paired=True)
        >>> round(found.difference, 3), round(found.tests[0].p_value, 3), round(found.effect.value, 2)
        (0.05, 0.013, 2.82)
    """
    first, second = _numbers(one), _numbers(other)
    _check_between(confidence=confidence, power=power, alpha=alpha)
    if not alpha < power:
        raise ValueError(f"power is {power} and alpha {alpha}; power is the larger one")
    if paired and len(first) != len(second):
        raise ValueError(f"paired samples of {len(first)} and {len(second)} values; as many of each are needed")
    scale = largest(first, second)
    if paired:
        differences = np.where(np.abs(second - first) <= ROUNDING * scale, 0, second - first)
        shapes: tuple[Tested, ...] = (normality("differences", differences, scale),)
        tests = tests_of_pairs(differences, scale)
    else:
        shapes = (normality("one", first, scale), normality("other", second, scale))
        tests = tests_of_groups(first, second)
    reason = tests[0].note if isnan(tests[0].p_value) else ""
    if reason:
        spread = _Spread(nan, nan, nan)
    else:
        spread = _spread_of_pairs(differences, confidence) if paired else _spread_of_groups(first, second, confidence)
    design = None
    if min(len(first), len(second)) > 1:
        design = Design.of_pairs(len(first)) if paired else Design.of_samples(len(first), len(second))
    smallest = smallest_detectable(design, power=power, alpha=alpha) if design else nan
    difference = float(second.mean() - first.mean())
    name = "Hedges' g of d_z" if paired else "Hedges' g"
    return SamplesComparison(
        paired=paired,
        one=summarise(first, confidence=confidence),
        other=summarise(second, confidence=confidence),
        difference=difference,
        low=spread.low,
        high=spread.high,
        confidence=confidence,
        normality=shapes,
        tests=tests,
        effect=_effect(name, difference / spread.deviation, design, reason, confidence),
        detectable=Detectable(smallest, smallest * spread.deviation, power, alpha),
    )


@dataclass(frozen=True)
class _Spread:
    """Standard deviation within groups, or of paired differences, and the interval of the mean difference."""

    deviation: float
    low: float
    high: float


def _spread_of_pairs(differences: FloatArray, confidence: float) -> _Spread:
    summary = summarise(differences, confidence=confidence)
    return _Spread(summary.standard_deviation, summary.low, summary.high)


def _spread_of_groups(one: FloatArray, other: FloatArray, confidence: float) -> _Spread:
    from scipy import stats

    variances, sizes = np.array([one.var(ddof=1), other.var(ddof=1)]), np.array([len(one), len(other)])
    errors = variances / sizes
    degrees = errors.sum() ** 2 / (errors**2 / (sizes - 1)).sum()  # Welch's
    reach = float(stats.t.isf((1 - confidence) / 2, degrees)) * sqrt(errors.sum())
    difference = float(other.mean() - one.mean())
    pooled = sqrt(((sizes - 1) * variances).sum() / (sizes.sum() - 2))
    return _Spread(pooled, difference - reach, difference + reach)


def _effect(name: str, d: float, design: Design | None, reason: str, confidence: float) -> Effect:
    if design is None or reason:
        return Effect(name, nan, nan, nan, reason)
    if design.degrees < 2:
        return Effect(name, nan, nan, nan, "two pairs tell no effect without bias")
    t = d * design.root_n
    return Effect(name, hedges_g(t, design), *effect_interval(t, design, confidence=confidence))


def _numbers(values: ArrayLike) -> FloatArray:
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or len(numbers) == 0 or not np.isfinite(numbers).all():
        raise ValueError(f"values of shape {numbers.shape}; (runs,), at least one and all finite, are needed")
    return numbers


def _check_between(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 < share < 1:
            raise ValueError(f"{name} is {share}; it lies between 0 and 1")
