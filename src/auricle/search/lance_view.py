"""The state of LanceDB's table at one moment, and how windows are found in it.

Exact search up to a number of windows multiplies with all vectors in memory, above it LanceDB reads them from the disk.
"""

import math
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auricle.search.cells import FILE_CELLS, ROW_CELLS, row_of, sound_file
from auricle.search.fingerprints import Fingerprints
from auricle.search.lance_rows import ARRAYS, among, matrix, translated
from auricle.search.records import Row, SoundFile, Vectors, Windows
from auricle.search.store import Places

if TYPE_CHECKING:
    import pyarrow as pa

PROBES = 30
"""Cells that an approximate search looks through."""

REFINED = 200
"""Candidates of an approximate search that are compared by their whole vectors, at least twice as many as hits."""


class LanceView:
    """The state of the table at one moment; see `auricle.search.store.View`."""

    def __init__(self, table: Any, *, folder: Path, in_memory: int) -> None:
        self._table = table
        self._folder = folder
        self._in_memory = in_memory
        self._held: _Held | None = None
        self._reading = threading.Lock()
        self.version: int = table.version
        self.n_windows: int = table.count_rows()
        self.approximate = any("vector" in index.columns for index in table.list_indices())

    def files(self) -> dict[str, SoundFile]:
        """Return every file by its record."""
        found = self._select(FILE_CELLS, where="`start` = 0")
        return {row["record"]: sound_file(row) for row in found.to_pylist()}

    def windows_of(self, records: Collection[str]) -> dict[str, Windows]:
        """Return the windows of files by record."""
        import pyarrow.compute as pc

        if not records:
            return {}
        found = self._select(("record", "start", "end", "vector", "fingerprint"), where=among(records))
        windows = {}
        for record in records:
            rows = found.filter(pc.equal(found["record"], record)).sort_by("start")
            starts, ends = tuple(rows["start"].to_pylist()), tuple(rows["end"].to_pylist())
            windows[record] = Windows(starts, ends, matrix(rows["vector"]), matrix(rows["fingerprint"]))
        return windows

    def nearest(self, vector: Vectors, *, limit: int, where: str, exact: bool) -> tuple[Places, Vectors]:
        """Return the nearest windows and their cosines."""
        if not exact and self.approximate:
            return self._by_table(vector, limit=limit, where=where, exact=False)
        if self.n_windows > self._in_memory:
            return self._by_table(vector, limit=limit, where=where, exact=True)
        held = self._hold()
        places, vectors = held.places, held.vectors
        if where:
            wanted = np.isin(places, self._places(where), assume_unique=True)
            places, vectors = places[wanted], vectors[wanted]
        cosines = vectors @ vector
        limit = min(limit, len(cosines))
        if limit == 0:
            return places[:0], cosines[:0]
        least = np.partition(cosines, -limit)[-limit]
        among = np.flatnonzero(cosines >= least)  # ties with the last one included
        best = among[np.argsort(-cosines[among], kind="stable")][:limit]
        return places[best], cosines[best]

    def having_words(self, words: str, *, limit: int, where: str) -> Places:
        """Return the first windows of the files whose words fit best."""
        from lancedb.query import MatchQuery

        wanted = MatchQuery(words, "words")  # type: ignore[call-arg]  # its defaults are pydantic's
        query = self._table.search(wanted).with_row_id(True).select(["_rowid", "_score"])
        found = self._read((query.where(where, prefilter=True) if where else query).limit(limit))
        order = np.lexsort((found["_rowid"].to_numpy(), -found["_score"].to_numpy()))
        return np.asarray(found["_rowid"].to_numpy()[order], np.uint64)

    def rows(self, places: Places) -> list[Row]:
        """Return the windows at these places."""
        return [row_of(cells) for cells in self._take(places, ROW_CELLS).to_pylist()]

    def vectors(self, places: Places) -> Vectors:
        """Return the embeddings at these places."""
        return matrix(self._take(places, ("vector",))["vector"])

    def fingerprints(self, places: Places) -> Fingerprints:
        """Return the acoustic fingerprints at these places."""
        return matrix(self._take(places, ("fingerprint",))["fingerprint"])

    def find(self, file: str, *, start_ms: int | None = None) -> Places:
        """Return where the windows of a file are, in their order."""
        found = self._select(("start",), where=f"file = '{file}'", places=True).sort_by("start")
        places = np.asarray(found["_rowid"].to_numpy(), np.uint64)
        if start_ms is None:
            return places
        return np.asarray(places[np.rint(found["start"].to_numpy() * 1000) == start_ms], np.uint64)

    def _select(self, columns: Sequence[str], *, where: str = "", places: bool = False) -> "pa.Table":
        query = self._table.search().select([*columns, *(["_rowid"] if places else [])])
        query = query.with_row_id(True) if places else query
        return self._read(query.where(where) if where else query)

    def _places(self, where: str) -> Places:
        found = self._select((), where=where, places=True)
        return np.asarray(found["_rowid"].to_numpy(), np.uint64)

    def _take(self, places: Places, columns: Sequence[str]) -> "pa.Table":
        """Return columns at these places, in their order."""
        if self._held is not None:
            return self._held.table.select(columns).take(np.searchsorted(self._held.places, places))
        found = self._read(self._table.take_row_ids(places.tolist()).with_row_id().select([*columns, "_rowid"]))
        at = {place: number for number, place in enumerate(found["_rowid"].to_pylist())}
        return found.take(np.array([at[place] for place in places.tolist()], np.int64))

    def _read(self, query: Any) -> "pa.Table":
        with translated(self._folder):
            return query.to_arrow()

    def _hold(self) -> "_Held":
        """Return all windows, read once."""
        with self._reading:
            if self._held is None:
                found = self._select((*ROW_CELLS, *ARRAYS), places=True).combine_chunks()
                places = np.asarray(found["_rowid"].to_numpy(), np.uint64)
                if (places[1:] < places[:-1]).any():
                    found = found.sort_by("_rowid").combine_chunks()
                    places = np.sort(places)
                self._held = _Held(places, matrix(found["vector"]), found)
            return self._held

    def _by_table(self, vector: Vectors, *, limit: int, where: str, exact: bool) -> tuple[Places, Vectors]:
        query = self._table.search(vector, vector_column_name="vector").distance_type("cosine").with_row_id(True)
        query = query.select(["_rowid", "_distance"])
        query = (
            query.bypass_vector_index()
            if exact
            else query.nprobes(PROBES).refine_factor(max(2, math.ceil(REFINED / limit)))
        )
        found = self._read((query.where(where, prefilter=True) if where else query).limit(limit))
        places = np.asarray(found["_rowid"].to_numpy(), np.uint64)
        cosines = np.asarray(1 - found["_distance"].to_numpy(), np.float32)
        order = np.lexsort((places, -cosines))
        return places[order], cosines[order]


@dataclass(frozen=True, eq=False)
class _Held:
    """All windows in memory, ordered by their places.

    Attributes:
        places: Of the windows, ascending.
        vectors: Their embeddings, (windows, dim).
        table: All that a search asks of them.
    """

    places: Places
    vectors: Vectors
    table: "pa.Table"
