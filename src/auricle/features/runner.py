"""Running a description over a collection: what is there already, what is computed now, what had to be set aside."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auricle import progress
from auricle.data import Clip, Collection, SetAside
from auricle.engines import Engine
from auricle.errors import DataError
from auricle.features.description import Description, Unusable, compute, open_store
from auricle.features.store import FeatureStore


def describe_clips(
    collection: Collection,
    description: Description[Clip],
    *,
    root: Path,
    strict: bool = False,
    engine: Engine | None = None,
) -> tuple[FeatureStore, Collection]:
    """Describe every clip of a collection.

    Args:
        collection: Its clips; with features of a split only, pass ``collection.split(name)``.
        description: What to compute.
        root: The folder of all stores.
        strict: Let the first clip that cannot be used end the run.
        engine: Who computes; this process by default.

    Returns:
        The store, and the collection without the clips that could not be described.

    Raises:
        DataError: If no clip can be used, or with `strict` the first that cannot.
        StorageError: If the store cannot be written.
    """
    store = open_store(root, description)
    unusable = compute(store, description, collection.clips, engine=engine, reads=[collection.folder])
    if unusable:
        _tell(unusable, strict=strict)
    remaining = replace(
        collection.without([bad.item.id for bad in unusable]),
        set_aside=(*collection.set_aside, *(SetAside(bad.item.id, bad.reason) for bad in unusable)),
    )
    if not remaining.clips:
        raise DataError(f"No clip of {collection.folder} can be used. The first: {unusable[0].reason}")
    return store, remaining


def describe_captions(
    collection: Collection, description: Description[str], *, root: Path, engine: Engine | None = None
) -> FeatureStore:
    """Describe every distinct caption of a collection and return the store.

    Raises:
        StorageError: If the store cannot be written.
    """
    store = open_store(root, description)
    compute(store, description, [caption.text for caption in collection.captions], engine=engine)
    return store


def folders_of(clips: Sequence[Clip]) -> list[Path]:
    """Return the folder that all clips are in, for engines; none for no clips."""
    return [Path(os.path.commonpath([clip.path.parent for clip in clips]))] if clips else []


def _tell(unusable: list[Unusable[Clip]], *, strict: bool) -> None:
    if strict:
        raise DataError(f"{unusable[0].item.id}: {unusable[0].reason} Leave it out, or run without strict.")
    progress.say(f"{len(unusable)} clip(s) set aside: {' '.join(bad.reason for bad in unusable[:3])}")
