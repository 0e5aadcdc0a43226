"""What lies in a mirror: walks through its folders, and whether a file is still the one that was seen."""

import os
from collections.abc import Iterator
from pathlib import Path

from auricle.object_store.records import Record, read_records


def records_below(folder: Path, below: str = "") -> Iterator[tuple[str, Record]]:
    """Yield what is remembered of the files below a folder, by path."""
    for name, record in read_records(folder).items():
        yield below + name, record
    for entry in _scan(folder):
        if entry.is_dir() and not entry.name.startswith("."):
            yield from records_below(Path(entry.path), f"{below}{entry.name}/")


def copies_below(folder: Path, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Yield the visible files below a folder."""
    for entry in _scan(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from copies_below(Path(entry.path), f"{below}{entry.name}/")
        elif found := stat_of(Path(entry.path)):
            yield below + entry.name, found


def _scan(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        return list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def stat_of(path: Path) -> os.stat_result | None:
    """Return size and time of a file, None if there is none."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def same_file(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    """Return whether nobody has written between two looks at a path."""
    if one is None or other is None:
        return one is other
    return (one.st_size, one.st_mtime_ns, one.st_ino) == (other.st_size, other.st_mtime_ns, other.st_ino)
