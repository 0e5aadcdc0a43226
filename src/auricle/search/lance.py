"""LanceDB as the store: one table in one folder, with vectors, what is known of each window, and words.

Exact search below `IN_MEMORY` windows multiplies with all vectors in memory, above it LanceDB reads them from the
disk. The approximate index is an inverted file with product quantisation (IVF-PQ): the vectors fall into cells, the
nearest cells are looked through by codes of a quarter of the numbers, and the best are compared again by their whole
vectors. Words are ranked by BM25, English ones by their stems.

Sources: H. Jégou, M. Douze and C. Schmid, Product Quantization for Nearest Neighbor Search, IEEE TPAMI 33, 2011;
S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009.
"""

import math
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auricle.errors import StorageError
from auricle.search.fingerprints import SIZE, Fingerprints
from auricle.search.records import Row, Said, SoundFile, Stamp, Vectors, Windows, file_key
from auricle.search.store import Places
from auricle.storage import writing

if TYPE_CHECKING:
    import pyarrow as pa

IN_MEMORY = 200_000
"""Windows up to which all that is asked of them is kept in memory: some 400 MB with 300 dimensions."""

PROBES = 30
"""Cells that an approximate search looks through."""

REFINED = 200
"""Candidates of an approximate search that are compared by their whole vectors, at least twice as many as hits."""

FEWEST_FOR_APPROXIMATE = 5_000
"""Windows below which an approximate index is refused: its codes are learned from them."""

_TABLE = "windows"
_AT_ONCE = 500
"""Records named in one condition."""

KEPT = timedelta(minutes=10)
"""How long a state stays readable after the next was written."""

_ARRAYS = ("vector", "fingerprint")
_FILE_COLUMNS = (
    *("record", "path", "content", "size_bytes", "modified_ns", "stated"),
    *("licence", "tags", "caption", "duration", "rate", "channels"),
)
_ROW_COLUMNS = ("path", "start", "end", "duration", "rate", "channels", "licence", "tags", "caption")


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
        found = self._select(_FILE_COLUMNS, where="`start` = 0")
        return {row["record"]: _sound_file(row) for row in found.to_pylist()}

    def windows_of(self, records: Collection[str]) -> dict[str, Windows]:
        """Return the windows of files by record."""
        import pyarrow.compute as pc

        if not records:
            return {}
        found = self._select(("record", "start", "end", "vector", "fingerprint"), where=_among(records))
        windows = {}
        for record in records:
            rows = found.filter(pc.equal(found["record"], record)).sort_by("start")
            starts, ends = tuple(rows["start"].to_pylist()), tuple(rows["end"].to_pylist())
            windows[record] = Windows(starts, ends, _matrix(rows["vector"]), _matrix(rows["fingerprint"]))
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
        found = self._take(places, _ROW_COLUMNS)
        return [
            Row(
                path=row["path"],
                start_s=row["start"],
                end_s=row["end"],
                duration_s=row["duration"],
                sample_rate=int(row["rate"]),
                channels=int(row["channels"]),
                said=Said(row["licence"], row["tags"], row["caption"]),
            )
            for row in found.to_pylist()
        ]

    def vectors(self, places: Places) -> Vectors:
        """Return the embeddings at these places."""
        return _matrix(self._take(places, ("vector",))["vector"])

    def fingerprints(self, places: Places) -> Fingerprints:
        """Return the acoustic fingerprints at these places."""
        return _matrix(self._take(places, ("fingerprint",))["fingerprint"])

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
        with _translated(self._folder):
            return query.to_arrow()

    def _hold(self) -> "_Held":
        """Return all windows, read once."""
        with self._reading:
            if self._held is None:
                found = self._select((*_ROW_COLUMNS, *_ARRAYS), places=True).combine_chunks()
                places = np.asarray(found["_rowid"].to_numpy(), np.uint64)
                if (places[1:] < places[:-1]).any():
                    found = found.sort_by("_rowid").combine_chunks()
                    places = np.sort(places)
                self._held = _Held(places, _matrix(found["vector"]), found)
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


class LanceStore:
    """A table of windows in a folder; see `auricle.search.store.Store`.

    Args:
        folder: Of the database; made if needed.
        dim: Of the vectors.
        in_memory: As `IN_MEMORY`.

    Raises:
        StorageError: If it cannot be opened.
    """

    def __init__(self, folder: Path, *, dim: int, in_memory: int = IN_MEMORY) -> None:
        self.folder = folder
        self.dim = dim
        self._in_memory = in_memory
        self._opening = threading.Lock()
        with _translated(self.folder):
            import lancedb

            self._database = lancedb.connect(folder)
            self._table = self._open_or_create()
            self._latest = self._open_view()

    def view(self) -> LanceView:
        """Return the present state; a view that is still the present one is used again."""
        with self._opening, _translated(self.folder):
            self._table.checkout_latest()
            if self._table.version != self._latest.version:
                self._latest = self._open_view()
            return self._latest

    def add(self, described: Sequence[tuple[SoundFile, Windows]]) -> None:
        """Add files with their windows, all or nothing."""
        import pyarrow as pa

        if not described:
            return
        columns: dict[str, list[Any]] = {name: [] for name in _schema(self.dim).names if name not in _ARRAYS}
        for file, windows in described:
            n = len(windows.starts_s)
            for name, value in _cells(file).items():
                columns[name] += [value] * n
            columns["start"] += windows.starts_s
            columns["end"] += windows.ends_s
            columns["words"] += [file.words, *[""] * (n - 1)]  # once per file
        arrays = {
            "vector": _column(np.concatenate([windows.vectors for _, windows in described])),
            "fingerprint": _column(np.concatenate([windows.fingerprints for _, windows in described])),
        }
        with _translated(self.folder):
            self._table.add(pa.table({**columns, **arrays}, schema=_schema(self.dim)))

    def remove(self, records: Collection[str]) -> None:
        """Remove files by their records."""
        named = sorted(records)
        with _translated(self.folder):
            for start in range(0, len(named), _AT_ONCE):
                self._table.delete(_among(named[start : start + _AT_ONCE]))

    def tidy(self, *, kept: timedelta = KEPT) -> None:
        """Take new rows into the indexes, put small parts together, and let go of states that nobody reads any more.

        Args:
            kept: How long a state stays readable after the next was written.
        """
        with _translated(self.folder):
            self._table.optimize(cleanup_older_than=kept)

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
        with _translated(self.folder):
            self._table.create_index("vector", config=config, replace=True)

    def _open_view(self) -> LanceView:
        return LanceView(self._database.open_table(_TABLE), folder=self.folder, in_memory=self._in_memory)

    def _open_or_create(self) -> Any:
        from lancedb.index import FTS, BTree

        try:
            table = self._database.open_table(_TABLE)
        except ValueError:  # LanceDB's word for a table that is not there
            table = self._database.create_table(_TABLE, schema=_schema(self.dim), exist_ok=True)
        if not table.list_indices():  # nor are they where making the table was interrupted
            table.create_index("words", config=FTS())
            table.create_index("file", config=BTree())
        return table


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turn what the library below says of files into one sentence."""
    try:
        with writing(folder):
            yield
    except (RuntimeError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise StorageError(
            f"The index in {folder} cannot be read or written ({reason}). If the disk is not full, remove the "
            "folder and index again."
        ) from None


def _among(records: Collection[str]) -> str:
    return f"record IN ({', '.join(repr(record) for record in records)})"


def _schema(dim: int) -> "pa.Schema":
    import pyarrow as pa

    words, number = pa.string(), pa.int64()
    return pa.schema(
        [
            *((name, words) for name in ("file", "record", "content", "path")),
            *((name, pa.float64()) for name in ("start", "end", "duration", "rate", "channels")),  # any can be compared
            *((name, words) for name in ("licence", "tags", "caption", "words", "stated")),
            *((name, number) for name in ("size_bytes", "modified_ns")),
            ("vector", pa.list_(pa.float32(), dim)),
            ("fingerprint", pa.list_(pa.float16(), SIZE)),
        ]
    )


def _cells(file: SoundFile) -> dict[str, str | float]:
    """Return what every window of a file has in common."""
    return {
        "file": file_key(file.path),
        "record": file.record,
        "content": file.content,
        "path": file.path,
        "duration": file.duration_s,
        "rate": file.sample_rate,
        "channels": file.channels,
        "licence": file.said.licence,
        "tags": file.said.tags,
        "caption": file.said.caption,
        "stated": file.stamp.stated,
        "size_bytes": file.stamp.size_bytes,
        "modified_ns": file.stamp.modified_ns,
    }


def _sound_file(cells: dict[str, Any]) -> SoundFile:
    return SoundFile(
        path=cells["path"],
        content=cells["content"],
        stamp=Stamp(cells["size_bytes"], cells["modified_ns"], cells["stated"]),
        said=Said(cells["licence"], cells["tags"], cells["caption"]),
        duration_s=cells["duration"],
        sample_rate=int(cells["rate"]),
        channels=int(cells["channels"]),
    )


def _column(matrix: NDArray[Any]) -> "pa.Array":
    """Return a matrix (rows, dim) as a column."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(matrix).ravel()), matrix.shape[1])


def _matrix(column: Any) -> NDArray[Any]:
    """Return a column of vectors as (rows, dim)."""
    chunks = [chunk.flatten().to_numpy().reshape(len(chunk), -1) for chunk in column.chunks if len(chunk)]
    width = column.type.list_size
    return np.concatenate(chunks) if chunks else np.zeros((0, width), column.type.value_type.to_pandas_dtype())
