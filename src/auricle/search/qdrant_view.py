"""The state of a Qdrant collection at one moment, and how windows are found in it.

Every question carries the number of the state, so a view does not change while others write. What has been removed is
deleted ten minutes later at the earliest; a view that is older than that says so when it misses a window.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from auricle.errors import StorageError
from auricle.search.cells import FILE_CELLS, ROW_CELLS, row_of, sound_file
from auricle.search.fingerprints import SIZE, Fingerprints
from auricle.search.qdrant_address import Address, asking
from auricle.search.qdrant_filters import translate
from auricle.search.qdrant_rows import (
    VECTOR,
    WORDS,
    State,
    fingerprints_of,
    visible,
)
from auricle.search.qdrant_words import Stems
from auricle.search.records import Row, SoundFile, Vectors, Windows
from auricle.search.store import Places

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.models import Filter, Record

BEAM = 200
"""Candidates that an approximate search keeps while it walks through the graph, at least as many as hits."""

AT_ONCE = 500
"""Points, or records, named in one request."""


class QdrantView:
    """The state of a collection at one moment; see `auricle.search.store.View`.

    Args:
        client: Of the server.
        address: Of the collection.
        state: The moment.
        dim: Of the vectors.
        stems: Takes the words of questions apart.
        before: An earlier view, from which the files of this one follow with less asking.
    """

    def __init__(
        self,
        client: "QdrantClient",
        address: Address,
        state: State,
        *,
        dim: int,
        stems: Stems,
        before: "QdrantView | None" = None,
    ) -> None:
        self.state = state
        self.version = state.version
        self.n_windows = state.windows
        self.approximate = state.approximate
        self._client = client
        self._address = address
        self._dim = dim
        self._stems = stems
        self._known: dict[str, SoundFile] | None = None
        self._before = (before.version, before._known) if before is not None and before._known is not None else None
        self._reading = threading.Lock()

    def files(self) -> dict[str, SoundFile]:
        """Return every file by its record; read once, or what has changed since an earlier view."""
        with self._reading:
            if self._known is None:
                self._known = self._read_files()
                self._before = None
            return self._known

    def windows_of(self, records: Collection[str]) -> dict[str, Windows]:
        """Return the windows of files by record."""
        named = sorted(records)
        found: dict[str, list[Any]] = {record: [] for record in named}
        for start in range(0, len(named), AT_ONCE):
            among = self._matching("record", named[start : start + AT_ONCE])
            for point in self._scroll(among, payload=("record", "start", "end", "fingerprint"), vectors=True):
                found[_payload(point)["record"]].append(point)
        return {record: self._windows(points) for record, points in found.items()}

    def nearest(self, vector: Vectors, *, limit: int, where: str, exact: bool) -> tuple[Places, Vectors]:
        """Return the nearest windows and their cosines: vectors have length 1, so products are cosines."""
        from qdrant_client.models import SearchParams

        exact = exact or not self.approximate
        parameters = SearchParams(exact=True) if exact else SearchParams(hnsw_ef=max(BEAM, limit))
        return self._ask(vector.tolist(), VECTOR, limit=limit, where=where, parameters=parameters)

    def having_words(self, words: str, *, limit: int, where: str) -> Places:
        """Return the first windows of the files whose words fit best."""
        from qdrant_client.models import SparseVector

        numbers, weights = self._stems.of_question(words)
        if not numbers:
            return np.zeros(0, np.uint64)
        question = SparseVector(indices=numbers, values=weights)
        return self._ask(question, WORDS, limit=limit, where=where, parameters=None)[0]

    def rows(self, places: Places) -> list[Row]:
        """Return the windows at these places."""
        return [row_of(_payload(point)) for point in self._take(places, payload=ROW_CELLS)]

    def vectors(self, places: Places) -> Vectors:
        """Return the embeddings at these places."""
        return self._vectors(self._take(places, vectors=True))

    def fingerprints(self, places: Places) -> Fingerprints:
        """Return the acoustic fingerprints at these places."""
        found = self._take(places, payload=("fingerprint",))
        return fingerprints_of([_payload(point) for point in found]) if found else np.zeros((0, SIZE), np.float16)

    def find(self, file: str, *, start_ms: int | None = None) -> Places:
        """Return where the windows of a file are, in their order."""
        found = [
            (_payload(point)["start"], int(point.id))
            for point in self._scroll(self._matching("file", [file]), payload=("start",))
        ]
        wanted = [place for start, place in sorted(found) if start_ms is None or np.rint(start * 1000) == start_ms]
        return np.array(wanted, np.uint64)

    def _read_files(self) -> dict[str, SoundFile]:
        from qdrant_client.models import FieldCondition, Filter, MatchValue, Range

        first = FieldCondition(key="first", match=MatchValue(value=True))
        known: dict[str, SoundFile] = {}
        born: list[Any] = [first]
        if self._before is not None and self._before[0] >= self.state.purged and self._before[1] is not None:
            since = Range(gt=self._before[0], lte=self.version)
            born.append(FieldCondition(key="born", range=since))
            gone = Filter(must=[first, FieldCondition(key="died", range=since)])
            died = {_payload(point)["record"] for point in self._scroll(gone, payload=("record",), seen=False)}
            known = {record: file for record, file in self._before[1].items() if record not in died}
        for point in self._scroll(Filter(must=born), payload=FILE_CELLS):
            known[_payload(point)["record"]] = sound_file(_payload(point))
        return known

    def _ask(self, question: Any, using: str, *, limit: int, where: str, parameters: Any) -> tuple[Places, Vectors]:
        """Return places and scores of what is nearest to a vector of some name, best first."""
        wanted = self._seen(translate(where, files=self.files)) if where else visible(self.version)
        with asking(self._address):
            found = self._client.query_points(
                self._address.collection,
                query=question,
                using=using,
                query_filter=wanted,
                search_params=parameters,
                limit=limit,
                with_payload=False,
            ).points
        places = np.array([point.id for point in found], np.uint64)
        scores = np.array([point.score for point in found], np.float32)
        order = np.lexsort((places, -scores))
        return places[order], scores[order]

    def _take(self, places: Places, *, payload: Sequence[str] = (), vectors: bool = False) -> "list[Record]":
        """Return points in the order of their places.

        Raises:
            StorageError: If one has been deleted since this was the present state.
        """
        wanted: list[int] = places.tolist()
        found: dict[Any, Record] = {}
        for start in range(0, len(wanted), AT_ONCE):
            with asking(self._address):
                part = self._client.retrieve(
                    self._address.collection,
                    ids=wanted[start : start + AT_ONCE],
                    with_payload=list(payload) or False,
                    with_vectors=[VECTOR] if vectors else False,
                )
            found.update((point.id, point) for point in part)
        if len(found) < len(set(wanted)):
            raise StorageError(f"The state of {self._address} that was asked has been let go of. Ask again.")
        return [found[place] for place in wanted]

    def _scroll(
        self, wanted: "Filter", *, payload: Sequence[str], vectors: bool = False, seen: bool = True
    ) -> "Iterator[Record]":
        """Yield the points that pass a filter, of this state unless `seen` is false."""
        wanted = self._seen(wanted) if seen else wanted
        offset: Any = None
        while True:
            with asking(self._address):
                points, offset = self._client.scroll(
                    self._address.collection,
                    scroll_filter=wanted,
                    limit=AT_ONCE,
                    offset=offset,
                    with_payload=list(payload),
                    with_vectors=[VECTOR] if vectors else False,
                )
            yield from points
            if offset is None:
                return

    def _seen(self, wanted: "Filter") -> "Filter":
        from qdrant_client.models import Filter

        return Filter(must=[visible(self.version), wanted])

    def _matching(self, key: str, values: list[str]) -> "Filter":
        from qdrant_client.models import FieldCondition, Filter, MatchAny

        return Filter(must=[FieldCondition(key=key, match=MatchAny(any=values))])

    def _windows(self, points: "list[Record]") -> Windows:
        ordered = sorted(points, key=lambda point: float(_payload(point)["start"]))
        payloads = [_payload(point) for point in ordered]
        starts, ends = (tuple(float(payload[name]) for payload in payloads) for name in ("start", "end"))
        return Windows(starts, ends, self._vectors(ordered), fingerprints_of(payloads))

    def _vectors(self, points: "list[Record]") -> Vectors:
        vectors: Callable[[Any], Any] = lambda point: point.vector[VECTOR]  # noqa: E731
        return np.array([vectors(point) for point in points], np.float32).reshape(len(points), self._dim)


def _payload(point: "Record") -> dict[str, Any]:
    assert point.payload is not None
    return point.payload
