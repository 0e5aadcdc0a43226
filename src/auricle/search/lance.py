"""LanceDB as the store: one table in a folder or an object store: vectors, what is known of each window, and words.

Exact search below `IN_MEMORY` windows multiplies with all vectors in memory, above it LanceDB reads them from the
disk. The approximate index is an inverted file with product quantisation (IVF-PQ): the vectors fall into cells, the
nearest cells are looked through by codes of a quarter of the numbers, and the best are compared again by their whole
vectors. Words are ranked by BM25, English ones by their stems.

Sources: H. Jégou, M. Douze and C. Schmid, Product Quantization for Nearest Neighbor Search, IEEE TPAMI 33, 2011;
S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009.
"""

import threading
import time
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from auricle.errors import StorageError
from auricle.places import url_of
from auricle.search.cells import cells_of
from auricle.search.lance_places import FRESH_S, connect
from auricle.search.lance_rows import ARRAYS, among, column, schema, translated
from auricle.search.lance_view import LanceView
from auricle.search.records import SoundFile, Windows

IN_MEMORY = 200_000
"""Windows up to which all that is asked of them is kept in memory: some 400 MB with 300 dimensions."""

FEWEST_FOR_APPROXIMATE = 5_000
"""Windows below which an approximate index is refused: its codes are learned from them."""

_TABLE = "windows"
_AT_ONCE = 500
"""Records named in one condition."""

KEPT = timedelta(minutes=10)
"""How long a state stays readable after the next was written."""


class LanceStore:
    """A table of windows in a folder; see `auricle.search.store.Store`.

    Args:
        folder: Of the database; made if needed. Where it mirrors a folder of an object store, the table is there.
        dim: Of the vectors.
        in_memory: As `IN_MEMORY`.
        fresh_s: How long a view is taken for the present one, in seconds, unless this store has written since; by
            default not at all in a folder, a second in an object store.

    Raises:
        StorageError: If it cannot be opened.
    """

    def __init__(self, folder: Path, *, dim: int, in_memory: int = IN_MEMORY, fresh_s: float | None = None) -> None:
        self.folder = folder
        self.dim = dim
        self._in_memory = in_memory
        self._opening = threading.Lock()
        self._fresh_s = (FRESH_S if url_of(folder) else 0.0) if fresh_s is None else fresh_s
        self._fresh_until = 0.0
        with translated(self.folder):
            self._database = connect(folder)
            self._table = self._open_or_create()
            self._latest = self._open_view()

    def view(self) -> LanceView:
        """Return the present state; a view that is still the present one is used again."""
        with self._opening, translated(self.folder):
            if time.monotonic() < self._fresh_until:
                return self._latest
            self._table.checkout_latest()
            if self._table.version != self._latest.version:
                self._latest = self._open_view()
            self._fresh_until = time.monotonic() + self._fresh_s
            return self._latest

    def add(self, described: Sequence[tuple[SoundFile, Windows]]) -> None:
        """Add files with their windows, all or nothing."""
        import pyarrow as pa

        if not described:
            return
        columns: dict[str, list[Any]] = {name: [] for name in schema(self.dim).names if name not in ARRAYS}
        for file, windows in described:
            n = len(windows.starts_s)
            for name, value in cells_of(file).items():
                columns[name] += [value] * n
            columns["start"] += windows.starts_s
            columns["end"] += windows.ends_s
            columns["words"] += [file.words, *[""] * (n - 1)]  # once per file
        arrays = {
            "vector": column(np.concatenate([windows.vectors for _, windows in described])),
            "fingerprint": column(np.concatenate([windows.fingerprints for _, windows in described])),
        }
        with translated(self.folder):
            self._table.add(pa.table({**columns, **arrays}, schema=schema(self.dim)))
        self._fresh_until = 0.0

    def remove(self, records: Collection[str]) -> None:
        """Remove files by their records."""
        named = sorted(records)
        with translated(self.folder):
            for start in range(0, len(named), _AT_ONCE):
                self._table.delete(among(named[start : start + _AT_ONCE]))
        self._fresh_until = 0.0

    def tidy(self, *, kept: timedelta = KEPT) -> None:
        """Take new rows into the indexes, put small parts together, and let go of states that nobody reads any more.

        Args:
            kept: How long a state stays readable after the next was written.
        """
        with translated(self.folder):
            self._table.optimize(cleanup_older_than=kept)
        self._fresh_until = 0.0

    def build_approximate(self) -> None:
        """Build the approximate index, or build it again.

        Raises:
            StorageError: If there are too few windows for it.
        """
        from lancedb.index import IvfPq

        n_windows = self._table.count_rows()
        if n_windows < FEWEST_FOR_APPROXIMATE:
            raise StorageError(
                f"An approximate index needs at least {FEWEST_FOR_APPROXIMATE:,} windows; there are {n_windows:,}. "
                "Exact search is fast with so few: leave --approximate out."
            )
        parts = next(parts for parts in range(max(1, self.dim // 4), 0, -1) if self.dim % parts == 0)
        config = IvfPq(distance_type="cosine", num_sub_vectors=parts)
        with translated(self.folder):
            self._table.create_index("vector", config=config, replace=True)
        self._fresh_until = 0.0

    def _open_view(self) -> LanceView:
        return LanceView(self._database.open_table(_TABLE), folder=self.folder, in_memory=self._in_memory)

    def _open_or_create(self) -> Any:
        from lancedb.index import FTS, BTree

        try:
            table = self._database.open_table(_TABLE)
        except ValueError:  # LanceDB's word for a table that is not there
            table = self._database.create_table(_TABLE, schema=schema(self.dim), exist_ok=True)
        if not table.list_indices():  # nor are they where making the table was interrupted
            table.create_index("words", config=FTS())
            table.create_index("file", config=BTree())
        return table
