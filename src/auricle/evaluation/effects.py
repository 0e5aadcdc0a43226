"""How large a difference of two means is against the spread of single values, and which one a design could see.

Everything here follows from the noncentral t distribution: if the true difference is `effect` standard deviations, the
t statistic of a design has noncentrality `effect` * `Design.root_n`.

The estimate is Hedges' g, Cohen's d (or d_z of paired values) freed of the bias that it has in small samples. The
interval is that of the true effect by inversion, exact for normal values; it is not shrunk as the estimate is, and
therefore not centred on it.

Sources: L. V. Hedges, Distribution Theory for Glass's Estimator of Effect Size, 1981; J. H. Steiger, R. T. Fouladi,
Noncentrality Interval Estimation and the Evaluation of Statistical Models, 1997; J. Cohen, Statistical Power Analysis
for the Behavioral Sciences, 2nd ed., 1988, chapter 2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

import numpy as np

_LARGE = 1e4
"""A t beyond is one of a spread near 0: scipy fails, and the error of the mean is nothing beside that of the spread."""


@dataclass(frozen=True)
class Design:
    """What a t-test knows before the first value.

    Attributes:
        degrees: Of freedom, at least 1.
        root_n: Noncentrality by true effect: the square root of the number of pairs, or of n m / (n + m).
    """

    degrees: int
    root_n: float

    @classmethod
    def of_pairs(cls, n_pairs: int) -> "Design":
        """Return the design of at least two pairs."""
        return cls(n_pairs - 1, sqrt(n_pairs))

    @classmethod
    def of_samples(cls, n_one: int, n_other: int) -> "Design":
        """Return the design of two independent samples of at least two values, their spread taken for the same."""
        return cls(n_one + n_other - 2, sqrt(n_one * n_other / (n_one + n_other)))


def hedges_g(t: float, design: Design) -> float:
    """Return the effect that a t statistic shows, without bias; there is none of one degree of freedom, nan.

    Example:
        >>> round(hedges_g(3.0, Design.of_samples(10, 10)), 3)  # d is 1.342
        1.285
    """
    if design.degrees < 2:
        return float("nan")
    half = design.degrees / 2
    return t / design.root_n * exp(lgamma(half) - lgamma(half - 0.5) - log(half) / 2)


def effect_interval(t: float, design: Design, *, confidence: float) -> tuple[float, float]:
    """Return the true effects for which a t statistic like this is neither too high nor too low.

    Example:
        >>> low, high = effect_interval(3.0, Design.of_samples(10, 10), confidence=0.95)
        >>> round(low, 2), round(high, 2)
        (0.35, 2.31)
    """
    tail = (1 - confidence) / 2
    width = 4 * sqrt(1 + t * t / design.degrees)

    def effect_with(share_below: float) -> float:
        found = _root(lambda nc: share_below - _share_below(t, design.degrees, nc), t - width, t + width)
        return found / design.root_n

    return effect_with(1 - tail), effect_with(tail)


def smallest_detectable(design: Design, *, power: float, alpha: float) -> float:
    """Return the true effect, above 0, that a two-sided t-test at level `alpha` finds with a probability of `power`.

    Args:
        design: Of the experiment.
        power: Above `alpha`, below 1.
        alpha: Above 0.

    Example:
        >>> round(smallest_detectable(Design.of_samples(64, 64), power=0.8, alpha=0.05), 2)
        0.5
    """
    from scipy import stats

    critical = float(stats.t.isf(alpha / 2, design.degrees))

    def missing(noncentrality: float) -> float:
        below = _share_below(critical, design.degrees, noncentrality)
        return 1 - below + _share_below(-critical, design.degrees, noncentrality) - power

    return _root(missing, 0.0, critical + 4) / design.root_n


def _share_below(t: float, degrees: int, noncentrality: float) -> float:
    """Return the noncentral t distribution's share below `t`."""
    from scipy import stats

    if abs(t) > _LARGE:
        turning = degrees * max(noncentrality / t, 0.0) ** 2
        return float(stats.chi2.sf(turning, degrees) if t > 0 else stats.chi2.cdf(turning, degrees))
    share = float(stats.nct.cdf(t, degrees, noncentrality))
    return share if not np.isnan(share) else float(t > noncentrality)  # scipy's nan: so far out that it is 0 or 1


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function is 0; the bounds are a first guess."""
    from scipy.optimize import brentq

    width = high - low
    while function(low) > 0:
        low, width = low - width, 2 * width
    while function(high) < 0:
        high, width = high + width, 2 * width
    return float(brentq(function, low, high, xtol=1e-10))
