"""What can be computed of a sound or a sentence without learning, and computing it into a store.

A *description* turns items into arrays: log-mel spectrograms, pooled embeddings of a frozen network, sentence
embeddings. `compute` runs one over a whole collection: only what the store lacks, in shards, with memory that does not
grow with the collection. It may be interrupted or killed at any time and be run by several processes on one store.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from auricle import progress
from auricle.errors import AuricleError
from auricle.features.store import FeatureStore

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Array = NDArray[np.floating[Any]]

_SHARD_ITEMS = 256
_SHARD_BYTES = 64_000_000


class Description(Protocol[Item_contra]):
    """The contract of everything that is kept in a feature store.

    Attributes:
        name: For people and folder names: ``log-mel-panns``.
        unit: What is described, singular: ``clip``.
    """

    name: str
    unit: str

    def settings(self) -> dict[str, Any]:
        """Return all that the numbers depend on, JSON-able."""

    def key(self, item: Item_contra) -> str:
        """Return the digest of the item's content."""

    def describe(self, items: Sequence[Item_contra]) -> Iterator[Array | AuricleError]:
        """Yield one array per item, in order, or the error that says why this item has none."""


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


def compute(store: FeatureStore, description: Description[Item], items: Sequence[Item]) -> list[Unusable[Item]]:
    """Describe every item the store does not hold yet.

    Args:
        store: From `open_store`.
        description: What to compute.
        items: Sounds or sentences; those of equal content are described once.

    Returns:
        The items that could not be described; all others are in the store now.

    Raises:
        StorageError: If the store cannot be written.
    """
    todo = list({key: item for item in items if (key := description.key(item)) not in store}.values())
    if not todo:
        return []
    reasons: dict[str, str] = {}
    with progress.bar(
        total=len(items), initial=len(items) - len(todo), label=description.name, unit=description.unit
    ) as bar:
        for part in _parts(todo):
            store.refresh()
            missing = [item for item in part if description.key(item) not in store]
            bar.update(len(part) - len(missing))
            shard: dict[str, Array] = {}
            for item, array in zip(missing, description.describe(missing), strict=True):
                if isinstance(array, AuricleError):
                    reasons[description.key(item)] = str(array)
                else:
                    shard[description.key(item)] = array
                if sum(kept.nbytes for kept in shard.values()) > _SHARD_BYTES:
                    store.write(shard)
                    shard = {}
                bar.update()
            store.write(shard)
    return [Unusable(item, reasons[key]) for item in items if (key := description.key(item)) in reasons]


def _parts(items: list[Item]) -> Iterator[list[Item]]:
    """Cut the work into shards, beginning anywhere, so that two processes on one store seldom do the same."""
    starts = range(0, len(items), _SHARD_ITEMS)
    first = int.from_bytes(os.urandom(4)) % len(starts)
    for start in (*starts[first:], *starts[:first]):
        yield items[start : start + _SHARD_ITEMS]
