"""What a system did on each clip, and its measures when clips count more than once or not at all.

The captions of a clip succeed and fail together, because they share its sound. Whoever asks what other clips would have
shown must therefore weigh whole clips, and all that is needed of a system is known per clip: how many queries it has,
the sum of each of their values, and how many of their ranks are up to a rank.

Conventions: clips in the order of their names, so that nothing depends on the order of the queries; weights are
(rows, clips), each row another collection of them; queries weigh alike, so a clip with more captions weighs more.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auricle.errors import ConfigError, DataError
from auricle.evaluation.measures import FloatArray
from auricle.evaluation.ranks import MEDIAN_RANK, Ranks
from auricle.evaluation.relevance import IntArray
from auricle.registry import did_you_mean

_LOOKS = 12
"""How many ranks, at first, are looked at in the search for medians."""

_EXACT_HALF = 2**22
"""Below this, half of a row's ranks, and what stands in between, are counted exactly in float32, twice as fast."""


@dataclass(frozen=True, eq=False)
class ClipTotals:
    """One system on each clip.

    Attributes:
        names: The measures.
        n_queries: Of each clip, shape (clips,).
        sums: Of the values of its queries by measure, shape (clips, measures); `MEDIAN_RANK` has none, its column is 0.
        ranks: The best ranks of all queries, as often as there are seeds.
        rank_clips: The clip of each rank, same shape.
        rank_weights: How much each counts, same shape.
    """

    names: tuple[str, ...]
    n_queries: IntArray
    sums: FloatArray
    ranks: IntArray
    rank_clips: IntArray
    rank_weights: IntArray

    @property
    def n_clips(self) -> int:
        """How many clips there are."""
        return len(self.n_queries)

    def values(self) -> list[float]:
        """Return every measure on the clips as they are."""
        found: list[float] = self.measures(np.ones((1, self.n_clips)))[0].tolist()
        return found

    def measures(self, weights: FloatArray) -> FloatArray:
        """Return every measure for every row of weights.

        Args:
            weights: How often each clip is there, whole numbers of shape (rows, clips).

        Returns:
            Shape (rows, measures).
        """
        values: FloatArray = weighted_sums(weights, self.sums) / weighted_sums(weights, self.n_queries[:, None])
        if MEDIAN_RANK in self.names:
            values[:, self.names.index(MEDIAN_RANK)] = self._median_ranks(weights)
        return values

    def _median_ranks(self, weights: NDArray[Any]) -> FloatArray:
        """Return the median of every row: the mean of the two ranks in the middle.

        Every so many ranks show between which of them the medians of all rows lie; then more of those between, until
        all that are left are looked at.
        """
        half = weighted_sums(weights, self._counts(self._distinct[-1:])) / 2
        if half.max() < _EXACT_HALF:
            weights = weights.astype(np.float32)
        near = self._distinct
        step = max(1, len(near) // _LOOKS)
        while True:
            few = near[::-step][::-1]  # the last among them: all medians lie up to it
            up_to = weighted_sums(weights, self._counts(few))
            lower, upper = np.count_nonzero(up_to < half, axis=1), np.count_nonzero(up_to <= half, axis=1)
            if step == 1:
                return np.asarray((near[lower] + near[upper]) / 2)
            ends = [0, *np.searchsorted(near, few) + 1]
            near = near[ends[lower.min()] : ends[upper.max() + 1]]
            step = max(1, min(step // 4, len(near) // _LOOKS))

    @cached_property
    def _distinct(self) -> IntArray:
        return np.unique(self.ranks)

    def _counts(self, thresholds: IntArray) -> FloatArray:
        """Return the weight of each clip's ranks up to each threshold, ascending, as (clips, thresholds)."""
        width = len(thresholds) + 1
        places = self.rank_clips * width + np.searchsorted(thresholds, self.ranks)
        counts = np.bincount(places, self.rank_weights, self.n_clips * width).reshape(self.n_clips, width)
        return np.asarray(np.cumsum(counts[:, :-1], axis=1))


def weighted_sums(weights: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return the weighted sums of values over clips, (rows, clips) and (clips, columns) to (rows, columns).

    In the weights' type, and not by BLAS: its threads wait for each other at each of many small products, on busy
    processors ten times as long as the sums take.
    """
    return np.asarray(np.einsum("rc,mc->rm", weights, np.ascontiguousarray(values.T, weights.dtype)))


def totals_by_clip(systems: Sequence[Sequence[Ranks]], *, measures: Sequence[str] | None) -> list[ClipTotals]:
    """Gather what systems did by clip.

    Args:
        systems: One or more, each the ranks of its seeds: the values of a query are averaged over them, its ranks all
            count, and the seeds of a system together as much as those of another.
        measures: Which; None means all that every one has.

    Raises:
        ConfigError: If a measure is not known.
        DataError: If they did not answer the same queries, or a query belongs to no clip.
    """
    tables = [ranks for system in systems for ranks in system]
    names = _measure_names(tables, measures)
    for number, ranks in enumerate(tables, start=1):
        _check_same_queries(tables[0], ranks, number, len(tables))
    keys, _ = _sorted_queries(tables[0])
    if not keys[0][0]:
        raise DataError(
            f"The query {keys[0][1]!r} belongs to no clip, and queries are resampled by clip. "
            "Give the result its names before its ranks are written (`RetrievalResult.named`)."
        )
    clips = [clip for clip, _ in keys]
    n_queries = np.array([len(list(group)) for _, group in groupby(clips)])
    whole = lcm(*map(len, systems))
    return [_totals(system, names, n_queries, whole // len(system)) for system in systems]


def _totals(seeds: Sequence[Ranks], names: tuple[str, ...], n_queries: IntArray, rank_weight: int) -> ClipTotals:
    clip_of_query = np.repeat(np.arange(len(n_queries)), n_queries)
    orders = [_sorted_queries(ranks)[1] for ranks in seeds]
    sums = np.zeros((len(n_queries), len(names)))
    for column, name in enumerate(names):
        if name != MEDIAN_RANK:
            values = np.mean([ranks.per_query[name][order] for ranks, order in zip(seeds, orders, strict=True)], axis=0)
            sums[:, column] = np.bincount(clip_of_query, values)
    pooled = np.concatenate([ranks.best_rank[order] for ranks, order in zip(seeds, orders, strict=True)])
    return ClipTotals(
        names=names,
        n_queries=n_queries,
        sums=sums,
        ranks=pooled,
        rank_clips=np.tile(clip_of_query, len(seeds)),
        rank_weights=np.full(len(pooled), rank_weight),
    )


def taking_from(first: ClipTotals, second: ClipTotals) -> ClipTotals:
    """Return a system that is `first` but for clips that it takes from `second`.

    Its first clip is all of `first`, and of weight 1; a weight of 1 of the others adds what `second` did on a clip and
    takes away what `first` did.
    """
    nothing = np.zeros_like(second.n_queries)
    return ClipTotals(
        names=first.names,
        n_queries=np.concatenate([[first.n_queries.sum()], nothing]),
        sums=np.concatenate([first.sums.sum(axis=0, keepdims=True), second.sums - first.sums]),
        ranks=np.concatenate([first.ranks, second.ranks, first.ranks]),
        rank_clips=np.concatenate([np.zeros_like(first.rank_clips), 1 + second.rank_clips, 1 + first.rank_clips]),
        rank_weights=np.concatenate([first.rank_weights, second.rank_weights, -first.rank_weights]),
    )


def _measure_names(tables: Sequence[Ranks], wanted: Sequence[str] | None) -> tuple[str, ...]:
    known = [name for name in tables[0].measures() if all(name in ranks.measures() for ranks in tables)]
    for name in wanted or ():
        if name not in known:
            raise ConfigError(f"No measure named {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}.")
    return tuple(known if wanted is None else dict.fromkeys(wanted))


def _sorted_queries(ranks: Ranks) -> tuple[list[tuple[str, str]], list[int]]:
    """Return (clip, query) in order, and the row of each."""
    keys = list(zip(ranks.clips, ranks.queries, strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return [keys[row] for row in order], order


def _check_same_queries(first: Ranks, ranks: Ranks, number: int, of: int) -> None:
    """Raise a `DataError` with the first query that one of two tables lacks."""
    ours, theirs = (Counter(zip(table.clips, table.queries, strict=True)) for table in (first, ranks))
    for lacking, missing in ((number, ours - theirs), (1, theirs - ours)):
        if missing:
            clip, query = next(iter(missing))
            more = f", and {missing.total() - 1} more" if missing.total() > 1 else ""
            raise DataError(
                f"Table {lacking} of the {of} tables of ranks lacks the query {query!r} of the clip {clip!r}{more}. "
                "Only answers to the same queries can be compared: evaluate all on the same split of one collection."
            )
