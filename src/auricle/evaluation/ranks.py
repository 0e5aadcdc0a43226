"""What a system answered to each query, read back from the table it was written to.

Conventions: one value per query, arrays of shape (queries,); a query belongs to the clip it describes or is. The
measures that a table of ranks determines are `MEASURES`; all but ``median rank`` are averages over queries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from auricle.errors import DataError
from auricle.evaluation.csv_rows import read_rows
from auricle.evaluation.measures import FloatArray
from auricle.evaluation.relevance import IntArray

COLUMNS = ("query", "clip", "best_rank", "ap")


@dataclass(frozen=True, eq=False)
class Ranks:
    """The outcome of every query of one system in one direction.

    Attributes:
        queries: Their names: captions, or clips where these ask.
        clips: The clip that each belongs to, ``split/file name``: what is resampled together.
        best_rank: Rank of the best relevant item, 1 = best, shape (queries,).
        average_precision: At 10, shape (queries,).
        recall_at: Cut-off -> recall, shape (queries,).
    """

    queries: tuple[str, ...]
    clips: tuple[str, ...]
    best_rank: IntArray
    average_precision: FloatArray
    recall_at: Mapping[int, FloatArray]

    @cached_property
    def per_query(self) -> dict[str, FloatArray]:
        """The value of every query by measure, in the order R@1 R@5 R@10 mAP@10 MRR; their means are the measures."""
        values = {f"R@{k}": recall for k, recall in sorted(self.recall_at.items())}
        return {**values, "mAP@10": self.average_precision, "MRR": 1 / self.best_rank}

    def measures(self) -> dict[str, float]:
        """Return the averages, and ``median rank``."""
        means = {name: float(values.mean()) for name, values in self.per_query.items()}
        return {**means, "median rank": float(np.median(self.best_rank))}


def read_ranks(path: Path) -> Ranks:
    """Read a table of ranks as `RetrievalResult.write_ranks` writes it.

    Raises:
        DataError: If it is missing, empty, lacks a column or holds something else than numbers.
    """
    columns, rows = read_rows(path)
    cutoffs = {int(name[2:]): name for name in columns if name.startswith("R@") and name[2:].isdigit()}
    if missing := [name for name in COLUMNS if name not in columns] or (not cutoffs and ["R@1"]):
        raise DataError(f"{path} lacks the column(s) {', '.join(missing)}. `auricle evaluate` writes it anew.")
    if not rows:
        raise DataError(f"{path} holds no query. `auricle evaluate` writes it anew.")
    try:
        numbers = {
            name: np.array([float(row.cells[name]) for row in rows]) for name in ("best_rank", "ap", *cutoffs.values())
        }
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}. `auricle evaluate` writes it anew.") from None
    return Ranks(
        queries=tuple(row.cells["query"] for row in rows),
        clips=tuple(row.cells["clip"] for row in rows),
        best_rank=numbers["best_rank"].astype(np.int64),
        average_precision=numbers["ap"],
        recall_at={k: numbers[name] for k, name in cutoffs.items()},
    )
