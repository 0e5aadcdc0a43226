"""What a system answered to each query, read back from the table it was written to.

Conventions: one value per query, arrays of shape (queries,); a query belongs to the clip it describes or is. All
measures that such a table determines but `MEDIAN_RANK` are averages over queries.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from auricle.errors import DataError
from auricle.evaluation.csv_rows import Row, read_rows
from auricle.evaluation.measures import FloatArray
from auricle.evaluation.relevance import IntArray

T = TypeVar("T", int, float)

MEDIAN_RANK = "median rank"
"""The one measure that is no average over queries, and the one that is better when it is smaller."""

_COLUMNS = ("query", "clip", "best_rank", "ap")
_RECALL = re.compile(r"R@([1-9][0-9]*)")
_ANEW = "`auricle evaluate` writes it anew."


@dataclass(frozen=True, eq=False)
class Ranks:
    """The outcome of every query of one system in one direction.

    Attributes:
        queries: Their names: captions, or clips where these ask.
        clips: The clip that each belongs to, ``split/file name``: what is resampled together.
        best_rank: Rank of the best relevant item, 1 = best, integers of shape (queries,).
        average_precision: At 10, within [0, 1], shape (queries,).
        recall_at: Cut-off -> recall, within [0, 1], shape (queries,).

    Raises:
        ValueError: If there is no query, not one value of each for every query, or a value out of its range.

    Example:
        >>> ranks = Ranks(("a dog", "rain"), ("t/1.wav", "t/2.wav"), np.array([1, 4]), np.array([1, 0.25]), {})
        >>> ranks.measures()
        {'mAP@10': 0.625, 'median rank': 2.5, 'MRR': 0.625}
    """

    queries: tuple[str, ...]
    clips: tuple[str, ...]
    best_rank: IntArray
    average_precision: FloatArray
    recall_at: Mapping[int, FloatArray]

    def __post_init__(self) -> None:
        shares = {"average precision": self.average_precision, **{f"R@{k}": v for k, v in self.recall_at.items()}}
        shape = (len(self.queries),)
        for what, values in {"best rank": self.best_rank, **shares}.items():
            if values.shape != shape or len(self.clips) != len(self.queries) or not self.queries:
                raise ValueError(
                    f"{len(self.queries)} queries, {len(self.clips)} clips and {what} of shape {values.shape}; "
                    "one of each is needed for every query, and at least one query"
                )
        if self.best_rank.dtype.kind not in "iu" or self.best_rank.min() < 1:
            raise ValueError("a best rank is no whole number of at least 1")
        for what, values in shares.items():
            if not ((values >= 0) & (values <= 1)).all():  # which NaN is not, either
                raise ValueError(f"a value of {what} is not within 0 and 1")

    @cached_property
    def per_query(self) -> dict[str, FloatArray]:
        """The value of every query by measure, in the order R@1 R@5 R@10 mAP@10 MRR; their means are the measures."""
        values = {f"R@{k}": recall for k, recall in sorted(self.recall_at.items())}
        return {**values, "mAP@10": self.average_precision, "MRR": 1 / self.best_rank}

    def measures(self) -> dict[str, float]:
        """Return all measures, as `RetrievalResult.measures` does."""
        means = {name: float(values.mean()) for name, values in self.per_query.items()}
        reciprocal = means.pop("MRR")
        return {**means, MEDIAN_RANK: float(np.median(self.best_rank)), "MRR": reciprocal}


def read_ranks(path: Path) -> Ranks:
    """Read a table of ranks as `RetrievalResult.write_ranks` writes it; columns it does not know are passed over.

    Raises:
        DataError: If it is missing or empty, lacks a column or a cell, or holds what is no rank, precision or recall.
    """
    columns, rows = read_rows(path)
    recall = {int(found[1]): name for name in columns if (found := _RECALL.fullmatch(name))}
    missing = [name for name in _COLUMNS if name not in columns] + ([] if recall else ["R@1"])
    if missing:
        raise DataError(f"{path} lacks the column(s) {', '.join(missing)}. {_ANEW}")
    try:
        return Ranks(
            queries=tuple(row.cells["query"] for row in rows),
            clips=tuple(row.cells["clip"] for row in rows),
            best_rank=np.array([_number(path, row, "best_rank", int) for row in rows], np.int64),
            average_precision=np.array([_number(path, row, "ap", float) for row in rows]),
            recall_at={k: np.array([_number(path, row, name, float) for row in rows]) for k, name in recall.items()},
        )
    except (ValueError, OverflowError) as error:
        raise DataError(f"{path} is damaged: {error}. {_ANEW}") from None


def _number(path: Path, row: Row, column: str, kind: type[T]) -> T:
    try:
        return kind(row.cells[column])
    except ValueError:
        whole = "whole " if kind is int else ""
        raise DataError(
            f"{path}, line {row.line}: {column} is {row.cells[column]!r}; a {whole}number is needed. {_ANEW}"
        ) from None
