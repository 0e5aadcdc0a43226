"""Is the difference between two systems larger than the choice of clips explains?

Two systems answered the same queries. How sure their difference is has two sides, told for every measure:

- the interval: the difference on other clips of the same kind, by drawing the clips again with replacement (bootstrap,
  percentiles);
- the p-value: how often a difference at least as large comes about when it is left to a coin per clip which system
  answered it (permutation test, two-sided).

All queries of a clip are drawn, or change places, together: they share its sound, and to count them as independent
makes intervals too narrow and p-values too small. Both sides take the systems as they are. Several seeds of one
configuration are averaged over; how much training again would change is what `samples` tells.

Of many comparisons some are large by chance; `holm` corrects for it.

Sources: M. D. Smucker, J. Allan, B. Carterette, A Comparison of Statistical Significance Tests for Information
Retrieval Evaluation, 2007; B. Phipson, G. K. Smyth, Permutation P-values Should Never Be Zero, 2010; S. Holm, A Simple
Sequentially Rejective Multiple Test Procedure, 1979; and that of `resampling`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from auricle.evaluation.clip_totals import ClipTotals, taking_from, totals_by_clip
from auricle.evaluation.measures import FloatArray
from auricle.evaluation.ranks import Ranks
from auricle.evaluation.resampling import can_enumerate, draws, exchanges
from auricle.randomness import stream

_ROUNDING = 1e-12
"""Differences nearer than this, relative to the measure, are the same but for rounding."""


@dataclass(frozen=True)
class Interval:
    """One measure of one system.

    Attributes:
        measure: ``R@1`` ... ``mAP@10``, ``median rank``, ``MRR``.
        value: On the clips that there are.
        low: Lower bound on other clips; nan where there is only one clip.
        high: Upper bound.
        confidence: Share of the resamples within the bounds.
    """

    measure: str
    value: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class Difference:
    """One measure of two systems.

    Attributes:
        measure: ``R@1`` ... ``mAP@10``, ``median rank``, ``MRR``.
        one: Of the first.
        other: Of the second.
        difference: `other` - `one`. Of the median rank, below 0 is better.
        low: Lower bound of the difference on other clips; nan where there is only one clip.
        high: Upper bound.
        confidence: Share of the resamples within the bounds.
        p_value: Of the permutation test, above 0 and at most 1.
    """

    measure: str
    one: float
    other: float
    difference: float
    low: float
    high: float
    confidence: float
    p_value: float


def compare_ranks(
    one: Ranks | Sequence[Ranks],
    other: Ranks | Sequence[Ranks],
    *,
    measures: Sequence[str] | None = None,
    resamples: int = 10_000,
    permutations: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare two systems that answered the same queries, measure by measure.

    Args:
        one: The first, or its seeds: values are averaged over them, and all their ranks count for the median rank.
        other: The second, in the same way; as many seeds as of the first make the test exact.
        measures: Which; None means all that both have.
        resamples: Of the bootstrap.
        permutations: Of the test. Where there are no more ways to change places than this, 2**clips, each is counted
            once, and the p-value is exact; otherwise it is (1 + as extreme) / (1 + permutations).
        confidence: Of the intervals, between 0 and 1.
        seed: Of both. The same seed gives the same numbers, whatever the order of the queries.

    Returns:
        Measure -> difference, in the order R@1 R@5 R@10 mAP@10, median rank, MRR.

    Raises:
        ConfigError: If a measure is not known.
        DataError: If they did not answer the same queries, or a query belongs to no clip.
        ValueError: If a number is out of its range, or there are no ranks.

    Example:
        >>> def answered(*ranks):
        ...     ranks = np.array(ranks)
        ...     return Ranks(("a", "b", "c", "d"), ("t/1", "t/1", "t/2", "t/3"), ranks, 1 / ranks, {1: ranks % 2.0})
        >>> found = compare_ranks(answered(1, 2, 4, 8), answered(1, 1, 1, 2), measures=["R@1"])["R@1"]
        >>> found.one, found.other, found.difference
        (0.25, 0.75, 0.5)
        >>> found.p_value  # both clips that differ must keep or change places together: 4 of 8 ways
        0.5
    """
    _check(resamples, permutations, confidence)
    first, second = totals_by_clip([_seeds(one), _seeds(other)], measures=measures)

    def statistic(weights: FloatArray) -> FloatArray:
        return second.measures(weights) - first.measures(weights)

    bounds = _bounds(statistic, first, resamples, confidence, seed)
    p_values = _p_values(first, second, permutations, seed)
    return {
        name: Difference(name, before, after, after - before, low, high, confidence, p_value)
        for name, before, after, (low, high), p_value in zip(
            first.names, first.values(), second.values(), bounds, p_values, strict=True
        )
    }


def interval(
    ranks: Ranks | Sequence[Ranks],
    *,
    measures: Sequence[str] | None = None,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return each measure of one system with the interval of what other clips would have shown.

    Args:
        ranks: Of the system, or of its seeds, as in `compare_ranks`.
        measures: Which; None means all.
        resamples: Of the bootstrap.
        confidence: Of the intervals, between 0 and 1.
        seed: Of the bootstrap; the clips drawn are those of `compare_ranks`.

    Raises:
        ConfigError: If a measure is not known.
        DataError: If the seeds did not answer the same queries, or a query belongs to no clip.
        ValueError: If a number is out of its range, or there are no ranks.
    """
    _check(resamples, 1, confidence)
    (totals,) = totals_by_clip([_seeds(ranks)], measures=measures)
    bounds = _bounds(totals.measures, totals, resamples, confidence, seed)
    return {
        name: Interval(name, value, low, high, confidence)
        for name, value, (low, high) in zip(totals.names, totals.values(), bounds, strict=True)
    }


def holm(p_values: Sequence[float]) -> FloatArray:
    """Return p-values of one family of comparisons, adjusted so that all can be held against one level.

    The chance of a single false alarm in the whole family stays below the level, whatever depends on what: the smallest
    p-value is multiplied by their number n, the next by n - 1 ..., never below one before it and never above 1.

    Args:
        p_values: Within [0, 1], in any order.

    Returns:
        Shape (p_values,), in the order given.

    Raises:
        ValueError: If one is not within [0, 1].

    Example:
        >>> holm([0.01, 0.04, 0.03])
        array([0.03, 0.06, 0.06])
    """
    given = np.asarray(p_values, np.float64)
    if given.ndim != 1 or not ((given >= 0) & (given <= 1)).all():  # which NaN is not, either
        raise ValueError(f"p-values {given.tolist()}; numbers within 0 and 1 are needed")
    order = np.argsort(given, kind="stable")
    adjusted = np.empty_like(given)
    adjusted[order] = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    return np.asarray(np.minimum(adjusted, 1))


def _seeds(ranks: Ranks | Sequence[Ranks]) -> Sequence[Ranks]:
    seeds = [ranks] if isinstance(ranks, Ranks) else list(ranks)
    if not seeds:
        raise ValueError("a system without ranks; those of at least one seed are needed")
    return seeds


def _check(resamples: int, permutations: int, confidence: float) -> None:
    if resamples < 1 or permutations < 1:
        raise ValueError(f"{resamples} resamples and {permutations} permutations; at least 1 of each is needed")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it lies between 0 and 1")


def _bounds(
    statistic: Callable[[FloatArray], FloatArray], totals: ClipTotals, resamples: int, confidence: float, seed: int
) -> list[list[float]]:
    """Return the lower and upper bound of each measure, (measures, 2)."""
    if totals.n_clips == 1:
        return [[float("nan")] * 2] * len(totals.names)
    random = stream(seed, "evaluation", "bootstrap")
    found = np.concatenate(
        [statistic(weights) for weights in draws(totals.n_clips, resamples=resamples, random=random)]
    )
    tail = (1 - confidence) / 2
    bounds: list[list[float]] = np.quantile(found, [tail, 1 - tail], axis=0).T.tolist()
    return bounds


def _p_values(first: ClipTotals, second: ClipTotals, permutations: int, seed: int) -> list[float]:
    one_way, other_way = taking_from(first, second), taking_from(second, first)
    found = np.array(second.values()) - np.array(first.values())
    least = np.abs(found) - _ROUNDING * np.maximum(first.values(), second.values())
    extreme, n_rows = np.zeros(len(found), np.int64), 0
    random = stream(seed, "evaluation", "permutation")
    for changed in exchanges(first.n_clips, permutations=permutations, random=random):
        weights = np.insert(changed, 0, 1, axis=1)
        differences = other_way.measures(weights) - one_way.measures(weights)
        extreme += np.count_nonzero(np.abs(differences) >= least, axis=0)
        n_rows += len(changed)
    if can_enumerate(first.n_clips, permutations):
        return [count / n_rows for count in extreme.tolist()]
    return [(1 + count) / (1 + n_rows) for count in extreme.tolist()]
