"""Which sounds a folder holds: names, sizes and times, without opening a file.

Hidden files and folders are skipped. Symbolic links are followed, also to folders, except back into a folder that the
path already goes through. What the order of the disk's own listing is makes no difference. Of a mirror of an object
store, what the store had when it was pulled is listed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auricle import object_store
from auricle.audio import SUFFIXES
from auricle.errors import DataError
from auricle.places import url_of


@dataclass(frozen=True)
class Stamp:
    """What tells that a file has changed: size in bytes and time of modification in nanoseconds."""

    size_bytes: int
    modified_ns: int


def list_sounds(folder: Path, *, prefix: str = "") -> dict[str, Stamp]:
    """Return every sound below `folder`, in alphabetical order.

    Args:
        folder: An existing folder.
        prefix: Put before each name: ``development/``.

    Returns:
        For each sound its path relative to `folder`, with ``/`` between folders, and its stamp.

    Raises:
        DataError: If a folder may not be read.
    """
    found = _in_store(folder) if url_of(folder) else _walk(folder, "", frozenset())
    return dict(sorted((prefix + name, stamp) for name, stamp in found))


def _in_store(folder: Path) -> Iterator[tuple[str, Stamp]]:
    for name, entry in object_store.known(folder).items():
        if _is_sound(name):
            yield name, Stamp(entry.size_bytes, entry.modified_ns)


def _walk(folder: Path, below: str, through: frozenset[tuple[int, int]]) -> Iterator[tuple[str, Stamp]]:
    try:
        here = folder.stat()
        entries = list(os.scandir(folder))
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    identity = (here.st_dev, here.st_ino)
    if identity in through:
        return
    inner = []
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                inner.append(entry.name)
            elif _is_sound(entry.name) and entry.is_file():
                found = entry.stat()
                yield below + entry.name, Stamp(found.st_size, found.st_mtime_ns)
        except OSError:  # a link to nothing or to itself: not there
            continue
    for name in inner:
        yield from _walk(folder / name, f"{below}{name}/", through | {identity})


def _is_sound(name: str) -> bool:
    return name.lower().endswith(tuple(SUFFIXES))
