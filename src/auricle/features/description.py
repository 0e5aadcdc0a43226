"""What can be computed of a sound or a sentence without learning, and computing it into a store.

A *description* turns items into arrays: log-mel spectrograms, pooled embeddings of a frozen network, sentence
embeddings. `compute` runs one over a whole collection: only what the store lacks, in shards, with memory that does not
grow with the collection. It may be interrupted or killed at any time and be run by several processes on one store, or
by the workers of an engine.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from auricle import progress
from auricle.engines import Engine, LocalEngine, Share
from auricle.errors import AuricleError, StorageError
from auricle.features.store import FeatureStore
from auricle.places import shown

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Array = NDArray[np.floating[Any]]

_SHARD_ITEMS = 256
_SHARD_BYTES = 64_000_000
_FEWEST_ITEMS, _SHARES = 16, 32  # of the shards of several workers
_LATE_S, _ASKED_EVERY_S = 90.0, 1.0


class Description(Protocol[Item_contra]):
    """The contract of everything that is kept in a feature store.

    Attributes:
        name: For people and folder names: ``log-mel-panns``.
        unit: What is described, singular: ``clip``.
        network: Whether a network computes, which a GPU does faster.
    """

    name: str
    unit: str
    network: bool

    def settings(self) -> dict[str, Any]:
        """Return all that the numbers depend on, JSON-able."""

    def key(self, item: Item_contra) -> str:
        """Return the digest of the item's content."""

    def describe(self, items: Sequence[Item_contra]) -> Iterator[Array | AuricleError]:
        """Yield one array per item, in order, or the error that says why this item has none."""

    def within(self, share: Share) -> Self:
        """Return this description as a worker computes it that may use so much of its machine."""


@dataclass(frozen=True)
class Unusable(Generic[Item]):
    """An item that could not be described.

    Attributes:
        item: Which.
        reason: Why, as a sentence.
    """

    item: Item
    reason: str


def open_store(root: Path, description: Description[Any]) -> FeatureStore:
    """Return the store under `root` that belongs to this description, made if needed."""
    return FeatureStore(root, name=description.name, settings=description.settings())


def compute(
    store: FeatureStore,
    description: Description[Item],
    items: Sequence[Item],
    *,
    engine: Engine | None = None,
    reads: Sequence[Path] = (),
) -> list[Unusable[Item]]:
    """Describe every item the store does not hold yet.

    Args:
        store: From `open_store`.
        description: What to compute.
        items: Sounds or sentences; those of equal content are described once.
        engine: Who computes; this process by default.
        reads: Folders that the items are in, which the workers of a cluster must see.

    Returns:
        The items that could not be described; all others are in the store now.

    Raises:
        StorageError: If the store cannot be written.
        AuricleError: As the engine does.
    """
    engine = engine or LocalEngine()
    todo = list({key: item for item in items if (key := description.key(item)) not in store}.values())
    if not todo:
        return []
    reasons: dict[str, str] = {}
    parts = _parts(todo, alone=engine == LocalEngine())
    work = partial(_begin, store, description.within(Share(1, "cpu")) if engine.remote else description)
    with (
        progress.bar(
            total=len(items), initial=len(items) - len(todo), label=description.name, unit=description.unit
        ) as bar,
        engine.working(work, parts, network=description.network, reads=reads, writes=[store.folder]) as described,
    ):
        for key, reason in described:
            if reason:
                reasons[key] = reason
            bar.update()
    if engine.remote:
        _await([key for item in todo if (key := description.key(item)) not in reasons], store)
    return [Unusable(item, reasons[key]) for item in items if (key := description.key(item)) in reasons]


def _begin(
    store: FeatureStore, description: Description[Item], share: Share | None
) -> Callable[[list[Item]], Iterator[tuple[str, str]]]:
    return partial(_describe, store, description if share is None else description.within(share))


def _describe(store: FeatureStore, description: Description[Item], part: list[Item]) -> Iterator[tuple[str, str]]:
    """Bring a part of the items into the store; yield the key of each, with the reason if it cannot be described."""
    store.refresh()
    missing = []
    for item in part:
        if (key := description.key(item)) in store:
            yield key, ""
        else:
            missing.append(item)
    shard: dict[str, Array] = {}
    for item, array in zip(missing, description.describe(missing), strict=True):
        key = description.key(item)
        if isinstance(array, AuricleError):
            yield key, str(array)
            continue
        shard[key] = array
        if sum(kept.nbytes for kept in shard.values()) > _SHARD_BYTES:
            store.write(shard)
            shard = {}
        yield key, ""
    store.write(shard)


def _await(keys: list[str], store: FeatureStore) -> None:
    """Wait until this machine sees what others have written: a network drive may be late."""
    give_up = time.monotonic() + _LATE_S
    while True:
        store.refresh()
        if not (missing := store.missing(keys)):
            return
        if time.monotonic() > give_up:
            raise StorageError(
                f"{len(missing)} of {len(keys)} arrays that other machines have written do not arrive in "
                f"{shown(store.folder)}. Run the same command again, or keep features where all machines see them."
            )
        time.sleep(_ASKED_EVERY_S)


def _parts(items: list[Item], *, alone: bool) -> Iterator[list[Item]]:
    """Cut the work into shards, beginning anywhere, so that two processes on one store seldom do the same.

    Args:
        items: All of them.
        alone: One worker does all; of several each is to have some.
    """
    size = _SHARD_ITEMS if alone else min(_SHARD_ITEMS, max(_FEWEST_ITEMS, len(items) // _SHARES))
    starts = range(0, len(items), size)
    first = int.from_bytes(os.urandom(4)) % len(starts)
    for start in (*starts[first:], *starts[:first]):
        yield items[start : start + size]
