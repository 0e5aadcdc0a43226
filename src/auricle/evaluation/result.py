"""What came out of scoring one direction of retrieval: per query first, averages from it.

A result keeps one value per query, so that two systems can be compared query by query; `measures` are its averages,
`chance` what a blind system would reach on the same queries, `ceiling` what a perfect one would; `table` shows several
results side by side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from auricle.evaluation.measures import (
    ApDenominator,
    FloatArray,
    RecallDefinition,
    chance_average_precision_at_k,
    chance_recall_at_k,
)
from auricle.evaluation.relevance import IntArray
from auricle.tables import write_rows

AP_CUT = 10
"""Where average precision is cut off: the mAP@10 of DCASE."""


@dataclass(frozen=True, eq=False)
class RetrievalResult:
    """How one system answered each query; every array is of shape (queries,).

    Attributes:
        n_queries: Rows of the similarity matrix, skipped ones included.
        position: Row of each scored query; rows are missing only if they were skipped.
        best_rank: Rank of the best relevant item, 1 = best, ties counted pessimistically.
        average_precision: At 10.
        recall_at: Cut-off -> recall per query.
        n_relevant: Number of relevant items.
        n_items: Number of items that were ranked.
        ap_denominator: How average precision was divided.
        recall: What recall counts.
        depth: How far the ranking is known, None when wholly. A query whose relevant items all lie beyond has the
            worst `best_rank` that is possible.
        queries: Name of each query (a caption's text), if given.
        clips: Clip that each query belongs to, ``split/file name``, if given: what a clustered bootstrap resamples.
    """

    n_queries: int
    position: IntArray
    best_rank: IntArray
    average_precision: FloatArray
    recall_at: Mapping[int, FloatArray]
    n_relevant: IntArray
    n_items: int
    ap_denominator: ApDenominator
    recall: RecallDefinition
    depth: int | None = None
    queries: tuple[str, ...] | None = None
    clips: tuple[str, ...] | None = None

    def measures(self) -> dict[str, float]:
        """Return the averages over queries: ``R@1 R@5 R@10 mAP@10``, ``median rank`` and ``MRR``.

        The last two see only each query's best relevant item, uncut. Where the ranking is known only to `depth`
        and they depend on what lies beyond, they are left out.
        """
        averages = {f"R@{k}": float(values.mean()) for k, values in self.recall_at.items()}
        averages[f"mAP@{AP_CUT}"] = float(self.average_precision.mean())
        known = np.sort(self.best_rank) <= (self.n_items if self.depth is None else self.depth)
        if known[len(known) // 2]:
            averages["median rank"] = float(np.median(self.best_rank))
        if known.all():
            averages["MRR"] = float((1 / self.best_rank).mean())
        return averages

    def chance(self) -> dict[str, float]:
        """Return what `measures` would be on average if the items were in random order: recall and mAP."""
        n_relevant, n_items = self.n_relevant, self.n_items
        levels = {
            f"R@{k}": chance_recall_at_k(n_relevant, n_items=n_items, k=k, definition=self.recall)
            for k in self.recall_at
        }
        levels[f"mAP@{AP_CUT}"] = chance_average_precision_at_k(
            n_relevant, n_items=n_items, k=AP_CUT, denominator=self.ap_denominator
        )
        return {name: float(level.mean()) for name, level in levels.items()}

    def ceiling(self) -> dict[str, float]:
        """Return what `measures` would be with every relevant item first: recall and mAP.

        Below 1 where more items are relevant than there are places, and the definition counts them all.
        """
        return {
            **{f"R@{k}": self._highest(k, counts_all=self.recall == "share") for k in self.recall_at},
            f"mAP@{AP_CUT}": self._highest(AP_CUT, counts_all=self.ap_denominator == "all"),
        }

    def _highest(self, places: int, *, counts_all: bool) -> float:
        return float((np.minimum(places, self.n_relevant) / self.n_relevant).mean()) if counts_all else 1.0

    def named(self, *, queries: Sequence[str], clips: Sequence[str]) -> "RetrievalResult":
        """Return this result with names.

        Args:
            queries: One per row of the similarity matrix, skipped ones included: captions, or clips when these ask.
            clips: The clip each of them belongs to.

        Raises:
            ValueError: If there is not one of each per row.
        """
        if not len(queries) == len(clips) == self.n_queries:
            raise ValueError(
                f"{len(queries)} queries and {len(clips)} clips; one of each is needed for the {self.n_queries} rows "
                "of the similarity matrix"
            )
        return replace(
            self,
            queries=tuple(queries[place] for place in self.position),
            clips=tuple(clips[place] for place in self.position),
        )

    def write_ranks(self, path: Path) -> None:
        """Write one row per query, ``query,clip,best_rank,ap,R@1,R@5,R@10``, whole or not at all.

        `auricle.evaluation.read_ranks` reads it. A result without names writes the query's position and no clip.

        Raises:
            StorageError: If the folder cannot be written.
        """
        queries = self.queries or tuple(map(str, self.position))
        clips = self.clips or ("",) * len(queries)
        recall = {f"R@{k}": values.tolist() for k, values in self.recall_at.items()}
        columns = (queries, clips, self.best_rank.tolist(), self.average_precision.tolist(), *recall.values())
        write_rows(path, ["query", "clip", "best_rank", "ap", *recall], zip(*columns, strict=True))


def table(rows: Mapping[str, RetrievalResult]) -> str:
    """Return results side by side for a terminal, with the levels of chance and perfection under those that share them.

    Args:
        rows: Title of each row -> its result.

    Returns:
        Lines without a final line break; a measure that is not known is a dash. The level of perfection is shown where
        it is below 1.
    """
    names = list(dict.fromkeys(name for result in rows.values() for name in result.measures()))
    lines = [["", "queries", "items", *names]]
    levels = [(result.n_items, result.chance(), result.ceiling()) for result in rows.values()]
    for (_, chance, ceiling), group in groupby(zip(levels, rows.items(), strict=True), key=itemgetter(0)):
        for _, (title, result) in group:
            size = [str(len(result.best_rank)), str(result.n_items)]
            lines.append([title, *size, *_cells(names, result.measures())])
        if min(ceiling.values()) < 1:
            lines.append(["  at best", "", "", *_cells(names, ceiling, unknown="")])
        lines.append(["  by chance", "", "", *_cells(names, chance, unknown="")])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines
    )


def _cells(names: Sequence[str], values: Mapping[str, float], unknown: str = "-") -> list[str]:
    digits = {"median rank": 1}
    return [f"{values[name]:.{digits.get(name, 3)}f}" if name in values else unknown for name in names]
