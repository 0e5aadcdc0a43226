"""Where the relevant items stand in a ranking, and which items stand first.

Conventions: a similarity matrix is (queries, items), higher is nearer; ranks are integers, 1 = best.

Ties have one rule, the pessimistic one: a query's ranks are those of the worst order that its scores allow, so a
relevant item stands behind every irrelevant item with the same score. Hence a collapsed model, all scores equal, gets
the worst ranks instead of luck's, and no result depends on the order of the items.

The matrix is read in blocks of about a million scores, row-major or column-major alike (`similarity.T` costs no
copy), so memory beyond the input does not grow with it. Half precision is compared as float32, which is exact.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auricle.evaluation.relevance import IntArray, NoRelevant, Relevance, RelevantPairs, relevant_pairs

Similarity: TypeAlias = NDArray[np.floating[Any] | np.integer[Any]]

UNRANKED = int(np.iinfo(np.int64).max)
"""The rank that fills a row of ranks when the query has fewer relevant items: behind every cut-off."""

BLOCK_SCORES = 1 << 20
"""Scores looked at in one go: 4 MB of float32."""


def relevant_ranks(
    similarity: Similarity, relevance: Relevance, *, first: int = 10, no_relevant: NoRelevant = "error"
) -> IntArray:
    """Return the ranks of each query's relevant items, best first, ties counted pessimistically.

    Args:
        similarity: Scores of shape (queries, items), finite, any float or integer type.
        relevance: Any form of `auricle.evaluation.relevance`.
        first: How many relevant items per query to rank; ten are all that a measure cut at ten can need. The time
            grows with `first` or the largest number of relevant items, whichever is less.
        no_relevant: ``"skip"`` gives a query without relevant items a row of `UNRANKED`.

    Returns:
        Integers of shape (queries, min(first, largest number of relevant items)); a query with fewer has `UNRANKED`
        at the end of its row.

    Raises:
        ValueError: If `similarity` is not a finite matrix with at least one query and item, `relevance` does not fit
            it, or a query has no relevant item.

    Example:
        >>> relevant_ranks(np.array([[0.9, 0.5, 0.5], [0.1, 0.2, 0.3]]), np.array([1, 0]))
        array([[3],
               [3]])
    """
    if first < 1:
        raise ValueError(f"first is {first}; at least one relevant item is to be ranked")
    similarity = checked_matrix(similarity)
    pairs = relevant_pairs(relevance, n_queries=similarity.shape[0], n_items=similarity.shape[1])
    n_relevant = checked_counts(pairs, no_relevant)
    ends = np.cumsum(n_relevant)
    ranks = np.full((pairs.n_queries, min(first, int(n_relevant.max()))), UNRANKED, dtype=np.int64)
    for start, block in _blocks(similarity):
        stop = start + len(block)
        own = slice(ends[start] - n_relevant[start], ends[stop - 1])
        _rank_block(block, pairs.queries[own] - start, pairs.items[own], ranks[start:stop])
    return ranks


def _rank_block(block: NDArray[np.floating[Any]], queries: IntArray, items: IntArray, ranks: IntArray) -> None:
    """Fill `ranks` (queries, first); `block` (queries, items) is used up."""
    scores = block[queries, items]
    best_first = np.lexsort((-scores, queries))  # `queries` is ascending and stays as it is
    order = np.arange(len(queries)) - np.searchsorted(queries, queries)
    kept = order < ranks.shape[1]
    thresholds = np.full(ranks.shape, np.inf, dtype=block.dtype)
    thresholds[queries[kept], order[kept]] = scores[best_first][kept]
    block[queries, items] = -np.inf  # from here on only irrelevant items count
    for place in range(ranks.shape[1]):
        threshold = thresholds[:, place]
        ahead = (block >= threshold[:, None]).sum(axis=1, dtype=np.int32)  # twice as fast as count_nonzero
        ranks[:, place] = ahead + place + 1
    ranks[np.isinf(thresholds)] = UNRANKED


def top_k(similarity: Similarity, *, k: int = 10) -> IntArray:
    """Return the `k` best items of each query, for a listing: equal scores stay in the order of the items.

    Unlike `relevant_ranks` this has to choose among equals, so measures are never taken from it when there are ties.

    Args:
        similarity: Scores of shape (queries, items), finite.
        k: Length of the listing, at least 1.

    Returns:
        Positions of shape (queries, min(k, items)), best first.

    Raises:
        ValueError: If `similarity` is not a finite matrix with at least one query and item, or `k` < 1.

    Example:
        >>> top_k(np.array([[0.1, 0.7, 0.7, 0.9]]), k=3)
        array([[3, 1, 2]])
    """
    if k < 1:
        raise ValueError(f"k is {k}; a listing has at least one item")
    similarity = checked_matrix(similarity)
    n_queries, n_items = similarity.shape
    listing = np.empty((n_queries, min(k, n_items)), dtype=np.int64)
    for start, block in _blocks(similarity):
        listing[start : start + len(block)] = _top_of_block(block, listing.shape[1])
    return listing


def _top_of_block(block: NDArray[np.floating[Any]], k: int) -> IntArray:
    threshold = np.partition(block, -k, axis=1)[:, -k, None]
    above = block > threshold
    level = block == threshold
    room = k - np.count_nonzero(above, axis=1)[:, None]
    chosen = above | (level & (np.cumsum(level, axis=1) <= room))
    items = np.nonzero(chosen)[1].reshape(len(block), k)
    best_first = np.argsort(-np.take_along_axis(block, items, axis=1), axis=1, kind="stable")
    return np.take_along_axis(items, best_first, axis=1)


def _blocks(similarity: Similarity) -> Iterator[tuple[int, NDArray[np.floating[Any]]]]:
    """Yield (first query, scores of shape (some queries, items)): copies in the input's own memory order, finite."""
    precision = np.result_type(similarity.dtype, np.float32)
    rows = max(1, BLOCK_SCORES // similarity.shape[1])
    for start in range(0, len(similarity), rows):
        block = similarity[start : start + rows].astype(precision, order="K")
        finite = np.isfinite(block)
        if not finite.all():
            query, item = np.argwhere(~finite)[0]
            raise ValueError(
                f"the similarity of query {start + query} and item {item} is {block[query, item]}; "
                "all similarities must be finite"
            )
        yield start, block


def checked_matrix(similarity: Similarity) -> Similarity:
    """Return `similarity` as an array.

    Raises:
        ValueError: If it is not a matrix of real numbers with at least one query and one item.
    """
    matrix = np.asarray(similarity)
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu":
        raise ValueError(
            f"similarity is {matrix.dtype} of shape {matrix.shape}; real numbers of shape (queries, items) are needed"
        )
    if 0 in matrix.shape:
        raise ValueError(f"similarity has {matrix.shape[0]} queries and {matrix.shape[1]} items; at least one of each")
    return matrix


def checked_counts(pairs: RelevantPairs, no_relevant: NoRelevant) -> IntArray:
    """Return the number of relevant items per query, shape (queries,).

    Raises:
        ValueError: If a query has none and `no_relevant` is ``"error"``, or if no query has any.
    """
    n_relevant = pairs.n_relevant
    missing = np.flatnonzero(n_relevant == 0)
    if len(missing) == pairs.n_queries:
        raise ValueError(f"none of the {pairs.n_queries} queries has a relevant item")
    if missing.size and no_relevant == "error":
        raise ValueError(
            f"{len(missing)} of {pairs.n_queries} queries have no relevant item, the first is query {missing[0]}; "
            "mark at least one item, or pass no_relevant='skip' to leave such queries out"
        )
    return n_relevant
