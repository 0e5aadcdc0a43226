"""Qdrant as the store: one collection of a server or a cluster, with vectors, what is known of each window, and words.

For what does not fit one machine: the collection is spread and copied over nodes by Qdrant itself. Exact search
compares with every vector, on all nodes; the approximate one walks through a graph (HNSW) that Qdrant keeps up to date
by itself once it has been built. Words are ranked by BM25 (`auricle.search.qdrant_words`).

Qdrant has neither transactions nor snapshots. Both are made of one number: see `auricle.search.qdrant_rows`. Points are
written first, and seen when the state's number is written after them, in one point and so at once. What a killed
process has written of a state that never came is removed by the next that writes.

Source: Y. Malkov and D. Yashunin, Efficient and robust approximate nearest neighbor search using Hierarchical Navigable
Small World graphs, IEEE TPAMI 42, 2020.
"""

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from auricle.errors import ConfigError, StorageError
from auricle.search.lance import FEWEST_FOR_APPROXIMATE, KEPT
from auricle.search.qdrant_address import Address, asking, check_version, connect
from auricle.search.qdrant_rows import INDEXED, STATE, VECTOR, WORDS, State, points_of, visible
from auricle.search.qdrant_view import AT_ONCE, QdrantView
from auricle.search.qdrant_words import Stems
from auricle.search.records import SoundFile, Windows

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.models import Filter, PointStruct

_UPSERTED = 250
"""Points of one request: a megabyte or so."""

_GRAPH_FROM_KB = 1_000
"""Vectors of a segment from which on it gets a graph."""

_LOOK_S = 1.0
_LOOKS = 3
"""How often in a row a collection has to say that it is in order: just after a wish it does not know of it yet."""

BUILDING_S = 6 * 3600
"""How long building a graph is waited for."""


class QdrantStore:
    """A collection of windows; see `auricle.search.store.Store`.

    Args:
        address: Of the collection.
        dim: Of the vectors.
        create: Make the collection if there is none.
        client: Of the server; by default one that finds it by the address.

    Raises:
        ConfigError: If the client's library is not installed.
        StorageError: If the server does not answer or refuses, or the collection is not there or is another's.
    """

    def __init__(
        self, address: Address, *, dim: int, create: bool = True, client: "QdrantClient | None" = None
    ) -> None:
        self.address = address
        self.dim = dim
        self._client = client or connect(address)
        self._stems = Stems()
        self._opening = threading.Lock()
        check_version(self._client, address)
        if create:
            self._create()
        self._check_vectors()
        self._latest = self._view(self._state(), before=None)

    def view(self) -> QdrantView:
        """Return the present state; a view that is still the present one is used again."""
        with self._opening:
            state = self._state()
            if (state.version, state.approximate) != (self._latest.version, self._latest.approximate):
                self._latest = self._view(state, before=self._latest)
            return self._latest

    def add(self, described: Sequence[tuple[SoundFile, Windows]]) -> None:
        """Add files with their windows, all or nothing."""
        if not described:
            return
        state = self._begin()
        points = points_of(described, first=state.next_place, born=state.version + 1, stems=self._stems)
        for start in range(0, len(points), _UPSERTED):
            self._upsert(points[start : start + _UPSERTED])
        self._commit(state, windows=state.windows + len(points), next_place=state.next_place + len(points))

    def remove(self, records: Collection[str]) -> None:
        """Remove files by their records."""
        if not records:
            return
        state = self._begin()
        named, gone = sorted(records), 0
        for start in range(0, len(named), AT_ONCE):
            some = self._of(state, named[start : start + AT_ONCE])
            with asking(self.address):
                gone += self._client.count(self.address.collection, count_filter=some, exact=True).count
                self._client.set_payload(
                    self.address.collection, payload={"died": state.version + 1}, points=some, wait=True
                )
        if gone:
            self._commit(state, windows=state.windows - gone, next_place=state.next_place)

    def tidy(self, *, kept_s: float = KEPT.total_seconds()) -> None:
        """Delete what was removed long ago.

        Args:
            kept_s: How long a state stays readable after the next was written, in seconds.
        """
        state = self._begin()
        purged = state.outlived(now=time.time(), kept_s=kept_s)
        if purged > state.purged:
            self._upsert([replace(state, purged=purged).point()])
            with asking(self.address):
                self._client.delete(self.address.collection, points_selector=_ranged("died", lte=purged), wait=True)

    def build_approximate(self, *, wait_s: float = BUILDING_S) -> None:
        """Let Qdrant build the graph, and wait until it has.

        Args:
            wait_s: How long at most.

        Raises:
            StorageError: If there are too few windows for it, or it takes too long.
        """
        from qdrant_client.models import OptimizersConfigDiff

        state = self._begin()
        if state.windows < FEWEST_FOR_APPROXIMATE:
            raise StorageError(
                f"An approximate index needs at least {FEWEST_FOR_APPROXIMATE:,} windows; there are "
                f"{state.windows:,}. Exact search is fast with so few: leave --approximate out."
            )
        with asking(self.address):
            wished = OptimizersConfigDiff(indexing_threshold=_GRAPH_FROM_KB)
            self._client.update_collection(self.address.collection, optimizers_config=wished)
        self._wait_until_in_order(wait_s)
        self._upsert([replace(state, approximate=True).point()])

    def _wait_until_in_order(self, wait_s: float) -> None:
        from qdrant_client.models import CollectionStatus

        began, in_order = time.monotonic(), 0
        while in_order < _LOOKS:
            with asking(self.address):
                status = self._client.get_collection(self.address.collection).status
            in_order = in_order + 1 if status == CollectionStatus.GREEN else 0
            if status == CollectionStatus.RED:
                raise StorageError(f"The Qdrant server of {self.address} says that building the graph has failed.")
            if time.monotonic() - began > wait_s:
                raise StorageError(
                    f"The Qdrant server of {self.address} has not built the graph within {wait_s / 60:.0f} minutes. It "
                    "goes on by itself; run the same command again later."
                )
            if in_order < _LOOKS:
                time.sleep(_LOOK_S)

    def _create(self) -> None:
        """Make the collection, or what is missing of it where that was interrupted."""
        from qdrant_client import models

        with asking(self.address):
            if not self._client.collection_exists(self.address.collection):
                self._client.create_collection(
                    self.address.collection,
                    vectors_config={VECTOR: models.VectorParams(size=self.dim, distance=models.Distance.DOT)},
                    sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                    optimizers_config=models.OptimizersConfigDiff(indexing_threshold=0),  # no graph until it is wanted
                )
        self._check_vectors()
        if self._read_state() is not None:
            return
        with asking(self.address):
            if self._client.count(self.address.collection, exact=True).count:
                raise ConfigError(f"The collection of {self.address} holds something else. Name another one.")
            for name, kind in INDEXED.items():
                self._client.create_payload_index(
                    self.address.collection, name, field_schema=models.PayloadSchemaType(kind)
                )
        self._upsert([State().point()])

    def _check_vectors(self) -> None:
        with asking(self.address):
            parameters = self._client.get_collection(self.address.collection).config.params
        found = parameters.vectors.get(VECTOR) if isinstance(parameters.vectors, dict) else None
        if found is None or WORDS not in (parameters.sparse_vectors or {}):
            raise ConfigError(f"The collection of {self.address} is not one of auricle. Name another one.")
        if found.size != self.dim:
            raise ConfigError(
                f"The collection of {self.address} holds vectors of {found.size} dimensions, the index has {self.dim}. "
                "Name another one."
            )

    def _view(self, state: State, *, before: QdrantView | None) -> QdrantView:
        return QdrantView(self._client, self.address, state, dim=self.dim, stems=self._stems, before=before)

    def _read_state(self) -> State | None:
        from qdrant_client.models import ReadConsistencyType

        with asking(self.address):
            found = self._client.retrieve(
                self.address.collection, ids=[STATE], consistency=ReadConsistencyType.MAJORITY
            )
        return State.read(found[0].payload or {}, store=self.address) if found else None

    def _state(self) -> State:
        state = self._read_state()
        if state is None:
            raise StorageError(f"The store {self.address} holds no index yet. `auricle index FOLDER` makes it.")
        return state

    def _begin(self) -> State:
        """Return the state, having removed what a killed process left of the next one."""
        state = self._state()
        with asking(self.address):
            collection = self.address.collection
            self._client.delete(collection, points_selector=_ranged("born", gt=state.version), wait=True)
            undone = _ranged("died", gt=state.version)
            self._client.delete_payload(collection, keys=["died"], points=undone, wait=True)
        return state

    def _commit(self, state: State, *, windows: int, next_place: int) -> None:
        kept_s = KEPT.total_seconds()
        after = state.after(now=time.time(), kept_s=kept_s, windows=windows, next_place=next_place)
        self._upsert([after.point()])

    def _upsert(self, points: "list[PointStruct]") -> None:
        from qdrant_client.models import WriteOrdering

        with asking(self.address):
            self._client.upsert(self.address.collection, points=points, wait=True, ordering=WriteOrdering.STRONG)

    def _of(self, state: State, records: list[str]) -> "Filter":
        from qdrant_client.models import FieldCondition, Filter, MatchAny

        named = FieldCondition(key="record", match=MatchAny(any=records))
        return Filter(must=[visible(state.version), named])


def _ranged(key: str, **bounds: float) -> "Filter":
    from qdrant_client.models import FieldCondition, Filter, Range

    return Filter(must=[FieldCondition(key=key, range=Range(**bounds))])
