"""How good a ranking is, per query, and what blind chance would reach.

Every measure takes ranks as `relevant_ranks` gives them, (queries, first), 1 = best, and returns one number per query;
an average is the caller's ``.mean()``. Where the literature disagrees, the choice is an argument with a name:

- average precision at k divides by ``"all"`` relevant items (DCASE's for the one relevant clip of a caption), or
  ``"capped"``, by min(k, relevant), so that a perfect listing of k reaches 1;
- recall at k is a ``"hit"``, any relevant item among the first k (the R@k of the retrieval literature), or the
  ``"share"`` of the relevant items among the first k (the prior system's). They agree for one relevant item.

The chance levels are expectations over all orders of the items, in closed form.
Source: C. D. Manning, P. Raghavan, H. Schütze, Introduction to Information Retrieval, section 8.4.
"""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auricle.evaluation.relevance import IntArray

FloatArray: TypeAlias = NDArray[np.float64]
ApDenominator: TypeAlias = Literal["all", "capped"]
RecallDefinition: TypeAlias = Literal["hit", "share"]


def recall_at_k(ranks: IntArray, n_relevant: IntArray, *, k: int, definition: RecallDefinition = "hit") -> FloatArray:
    """Return per query whether, or how much of, what is relevant is among the first `k` items.

    Args:
        ranks: Of shape (queries, first), ascending; `first` at least min(k, largest number of relevant items).
        n_relevant: Number of relevant items per query, at least 1, shape (queries,).
        k: Cut-off, at least 1.
        definition: ``"hit"`` is 0 or 1, ``"share"`` lies between.

    Returns:
        Shape (queries,), within [0, 1].

    Raises:
        ValueError: If `k` < 1, or `ranks` does not reach to the cut-off.

    Example:
        >>> recall_at_k(np.array([[1, 4], [6, 7]]), np.array([2, 2]), k=5)
        array([1., 0.])
        >>> recall_at_k(np.array([[1, 7], [6, 7]]), np.array([2, 2]), k=5, definition="share")
        array([0.5, 0. ])
    """
    _check(ranks, n_relevant, k)
    if definition == "hit":
        return np.asarray(ranks[:, 0] <= k, dtype=np.float64)
    return np.asarray(np.count_nonzero(ranks <= k, axis=1) / n_relevant)


def average_precision_at_k(
    ranks: IntArray, n_relevant: IntArray, *, k: int, denominator: ApDenominator = "all"
) -> FloatArray:
    """Return per query the precision at each relevant item among the first `k`, summed and divided.

    Its mean over queries is mAP@k. With one relevant item it is 1/rank, or 0 beyond the cut-off.

    Args:
        ranks: Of shape (queries, first), ascending; `first` at least min(k, largest number of relevant items).
        n_relevant: Number of relevant items per query, at least 1, shape (queries,).
        k: Cut-off, at least 1.
        denominator: ``"all"`` divides by the number of relevant items, ``"capped"`` by min(k, that number).

    Returns:
        Shape (queries,), within [0, 1].

    Raises:
        ValueError: If `k` < 1, or `ranks` does not reach to the cut-off.

    Example:
        >>> average_precision_at_k(np.array([[2, 4]]), np.array([2]), k=10)  # (1/2 + 2/4) / 2
        array([0.5])
    """
    _check(ranks, n_relevant, k)
    found = np.arange(1, ranks.shape[1] + 1)
    precision = np.where(ranks <= k, found / ranks, 0.0)
    return np.asarray(precision.sum(axis=1) / _divisor(n_relevant, k, denominator))


def chance_recall_at_k(
    n_relevant: IntArray, *, n_items: int, k: int, definition: RecallDefinition = "hit"
) -> FloatArray:
    """Return per query the recall at `k` to expect from a random order of the items.

    Args:
        n_relevant: Number of relevant items per query, 1 to `n_items`, shape (queries,).
        n_items: Number of items that are ranked.
        k: Cut-off, at least 1.
        definition: As in `recall_at_k`.

    Example:
        >>> chance_recall_at_k(np.array([1, 5]), n_items=100, k=10).round(3)
        array([0.1  , 0.416])
    """
    drawn = np.arange(min(k, n_items))
    if definition == "share":
        return np.full(len(n_relevant), len(drawn) / n_items)
    irrelevant = n_items - n_relevant[:, None]
    all_missed = np.prod(np.maximum(irrelevant - drawn, 0) / (n_items - drawn), axis=1)
    return np.asarray(1.0 - all_missed)


def chance_average_precision_at_k(
    n_relevant: IntArray, *, n_items: int, k: int, denominator: ApDenominator = "all"
) -> FloatArray:
    """Return per query the average precision at `k` to expect from a random order of the items.

    The item at rank i is relevant with probability R/n, and then (i - 1)(R - 1)/(n - 1) of those before it are, too.

    Args:
        n_relevant: Number R of relevant items per query, 1 to `n_items`, shape (queries,).
        n_items: Number n of items that are ranked.
        k: Cut-off, at least 1.
        denominator: As in `average_precision_at_k`.

    Example:
        >>> chance_average_precision_at_k(np.array([1]), n_items=1045, k=10).round(4)
        array([0.0028])
    """
    rank = np.arange(1, min(k, n_items) + 1)
    others = (n_relevant[:, None] - 1) / max(n_items - 1, 1)
    precision = (1 + (rank - 1) * others) / rank
    return np.asarray(n_relevant / n_items * precision.sum(axis=1) / _divisor(n_relevant, k, denominator))


def _divisor(n_relevant: IntArray, k: int, denominator: ApDenominator) -> NDArray[np.integer[Any]]:
    return np.minimum(n_relevant, k) if denominator == "capped" else n_relevant


def _check(ranks: IntArray, n_relevant: IntArray, k: int) -> None:
    if k < 1:
        raise ValueError(f"k is {k}; a cut-off is at least 1")
    if ranks.ndim != 2 or n_relevant.shape != ranks.shape[:1]:
        raise ValueError(
            f"ranks of shape {ranks.shape} and n_relevant of shape {n_relevant.shape}; (queries, first) and (queries,)"
        )
    if ranks.size == 0 or n_relevant.min() < 1:
        raise ValueError("there are no queries, or one without relevant items, to measure")
    if ranks.shape[1] < min(k, int(n_relevant.max())):
        raise ValueError(f"ranks hold {ranks.shape[1]} relevant items per query; the first {k} need more")
