"""From similarities, or from a finished ranking, to a result per query.

`score` is the one door: everything else in this room prepares its arguments or presents what it returns.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auricle.evaluation.measures import ApDenominator, RecallDefinition, average_precision_at_k, recall_at_k
from auricle.evaluation.ranking import UNRANKED, Similarity, checked_counts, checked_matrix, relevant_ranks
from auricle.evaluation.relevance import IntArray, NoRelevant, Relevance, relevant_pairs
from auricle.evaluation.result import AP_CUT, RetrievalResult


def score(
    similarity: Similarity,
    relevance: Relevance,
    *,
    recall_at: tuple[int, ...] = (1, 5, 10),
    ap_denominator: ApDenominator = "all",
    recall: RecallDefinition = "hit",
    no_relevant: NoRelevant = "error",
) -> RetrievalResult:
    """Score how well each query finds its relevant items; ties are counted pessimistically (see `ranking`).

    Args:
        similarity: Scores of shape (queries, items), finite, higher is nearer; float16, 32 or 64, any memory order.
        relevance: Integers (queries,), booleans (queries, items) or `RelevantPairs`; see `relevance`.
        recall_at: Cut-offs of recall.
        ap_denominator: ``"all"`` relevant items, or ``"capped"`` at 10; see `measures`.
        recall: ``"hit"`` or ``"share"``; see `measures`.
        no_relevant: ``"skip"`` leaves a query without relevant items out of the result.

    Raises:
        ValueError: If `similarity` is not a finite matrix, `relevance` does not fit it, or a query has no
            relevant item.

    Example:
        >>> result = score(np.array([[0.9, 0.1, 0.3], [0.2, 0.1, 0.8]]), np.array([0, 1]))
        >>> result.best_rank
        array([1, 3])
        >>> result.measures()["MRR"].__round__(3)
        0.667
    """
    similarity = checked_matrix(similarity)
    pairs = relevant_pairs(relevance, n_queries=similarity.shape[0], n_items=similarity.shape[1])
    ranks = relevant_ranks(similarity, pairs, first=max(AP_CUT, *recall_at), no_relevant=no_relevant)
    return _result(
        ranks, pairs.n_relevant, pairs.n_items, recall_at=recall_at, ap_denominator=ap_denominator, recall=recall
    )


def score_both_directions(
    similarity: Similarity,
    relevance: Relevance,
    *,
    recall_at: tuple[int, ...] = (1, 5, 10),
    ap_denominator: ApDenominator = "all",
    recall: RecallDefinition = "hit",
    no_relevant: NoRelevant = "error",
) -> tuple[RetrievalResult, RetrievalResult]:
    """Score text -> audio and audio -> text from one matrix.

    Args:
        similarity: Scores of shape (captions, clips).
        relevance: From captions to clips; the other direction uses the same pairs.
        recall_at: As in `score`, like the arguments below.
        ap_denominator: As in `score`.
        recall: As in `score`.
        no_relevant: As in `score`; in the other direction it concerns clips that no caption finds relevant.

    Returns:
        The result of the captions as queries, then that of the clips as queries.

    Raises:
        ValueError: As `score`.
    """
    similarity = checked_matrix(similarity)
    pairs = relevant_pairs(relevance, n_queries=similarity.shape[0], n_items=similarity.shape[1])
    directed = partial(
        score, recall_at=recall_at, ap_denominator=ap_denominator, recall=recall, no_relevant=no_relevant
    )
    return directed(similarity, pairs), directed(similarity.T, pairs.transposed())


def score_ranking(
    ranking: NDArray[np.integer[Any]],
    relevance: Relevance,
    *,
    n_items: int,
    recall_at: tuple[int, ...] = (1, 5, 10),
    ap_denominator: ApDenominator = "all",
    recall: RecallDefinition = "hit",
    no_relevant: NoRelevant = "error",
) -> RetrievalResult:
    """Score a listing of the best items, as `top_k` or `read_submission` gives it, in the order it has.

    Recall and mAP are what the listing says. What lies beyond it is not known: see `RetrievalResult.depth`.

    Args:
        ranking: Item positions of shape (queries, depth), best first, each at most once per query.
        relevance: As in `score`.
        n_items: Number of items that the listing was chosen from.
        recall_at: As in `score`, like the arguments below.
        ap_denominator: As in `score`.
        recall: As in `score`.
        no_relevant: As in `score`.

    Raises:
        ValueError: If the listing is shorter than a cut-off, names an item twice or one that does not exist, or
            `relevance` does not fit.

    Example:
        >>> score_ranking(np.array([[4, 2, 0, 1, 3]]), np.array([2]), n_items=5).measures()["mAP@10"]
        0.5
    """
    ranking = np.asarray(ranking)
    needed = min(n_items, max(AP_CUT, *recall_at))
    if ranking.ndim != 2 or not needed <= ranking.shape[1] <= n_items:
        raise ValueError(
            f"ranking of shape {ranking.shape}; (queries, depth) with a depth of {needed} to {n_items} is needed"
        )
    ascending = np.sort(ranking, axis=1)
    if ascending.size and (ascending[:, 0].min() < 0 or ascending[:, -1].max() >= n_items):
        raise ValueError(f"ranking names an item outside 0 to {n_items - 1}")
    if (ascending[:, 1:] == ascending[:, :-1]).any():
        raise ValueError("ranking names an item twice for one query")
    n_queries, depth = ranking.shape
    pairs = relevant_pairs(relevance, n_queries=n_queries, n_items=n_items)
    n_relevant = checked_counts(pairs, no_relevant)
    listed = np.arange(n_queries)[:, None] * n_items + ranking
    hit = np.isin(listed, pairs.queries * n_items + pairs.items)
    ranks = np.sort(np.where(hit, np.arange(1, depth + 1), UNRANKED), axis=1)
    worst = n_items - n_relevant + 1
    ranks[:, 0] = np.where(hit.any(axis=1) | (n_relevant == 0), ranks[:, 0], worst)
    return _result(
        ranks,
        n_relevant,
        n_items,
        recall_at=recall_at,
        ap_denominator=ap_denominator,
        recall=recall,
        depth=depth if depth < n_items else None,
    )


def _result(
    ranks: IntArray,
    n_relevant: IntArray,
    n_items: int,
    *,
    recall_at: tuple[int, ...],
    ap_denominator: ApDenominator,
    recall: RecallDefinition,
    depth: int | None = None,
) -> RetrievalResult:
    position = np.flatnonzero(n_relevant)
    n_queries, ranks, n_relevant = len(ranks), ranks[position], n_relevant[position]
    return RetrievalResult(
        n_queries=n_queries,
        position=position,
        best_rank=ranks[:, 0],
        average_precision=average_precision_at_k(ranks, n_relevant, k=AP_CUT, denominator=ap_denominator),
        recall_at={k: recall_at_k(ranks, n_relevant, k=k, definition=recall) for k in recall_at},
        n_relevant=n_relevant,
        n_items=n_items,
        ap_denominator=ap_denominator,
        recall=recall,
        depth=depth,
    )
