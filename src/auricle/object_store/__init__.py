"""Folders of an object store: how they are mirrored in the cache, and held by one process at a time.

A mirror is a folder of ordinary files (`auricle.places`). Rooms read and write it as any other; `auricle.storage` sends
what is written to the store before the file gets its final name here, so that done means: it is in the store. What
others have written is taken in with `pull`, where a room opens a folder. All functions leave paths alone that mirror
nothing.

Stores are reached through fsspec: ``s3://`` with s3fs, others with their own packages, credentials and endpoint by the
environment. A single PUT, or the end of a multipart upload, is what makes a write whole; conditional writes are what
makes a lock. Nothing here is imported before the first URL is used.
"""

from auricle.object_store.lease import hold, holder
from auricle.object_store.mirror import (
    Entry,
    exists,
    fetch,
    known,
    pull,
    pull_file,
    remove,
    remove_folder,
    send,
)

__all__ = [
    "Entry",
    "exists",
    "fetch",
    "hold",
    "holder",
    "known",
    "pull",
    "pull_file",
    "remove",
    "remove_folder",
    "send",
]
