"""Which sounds a folder holds now: names, sizes and times, without opening a file.

Hidden files and folders are skipped. A link to a file inside the folder is a sound of its own; a link to a folder is
not followed, since what it leads to is either found where it is or lies outside, and what lies outside the folder is
never indexed. A folder that cannot be read does not end the listing: what was known below it stays as it is.

Of a folder in an object store, what the store lists counts; its sounds are fetched when they are listened to.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from auricle import object_store
from auricle.audio import SUFFIXES
from auricle.errors import DataError
from auricle.places import url_of


@dataclass
class Listing:
    """What a walk through a folder found.

    Attributes:
        sounds: Path relative to the folder -> size in bytes, time of modification in nanoseconds; in alphabetical
            order.
        unreadable: Folders that could not be read, relative and with a slash at the end.
        left_out: What cannot be indexed, and why; by path.
    """

    sounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def cannot_know(self, path: str) -> bool:
        """Return whether a file may still be there although it was not found."""
        return path.startswith(tuple(self.unreadable))


def list_sounds(root: Path) -> Listing:
    """Return what is below a folder.

    Raises:
        DataError: If the folder itself is not there or cannot be read.
    """
    if url_of(root):
        return _in_store(root)
    if not root.is_dir():
        raise DataError(f"There is no folder {root}.")
    listing = Listing()
    real, waiting = os.path.realpath(root), [""]
    while waiting:
        waiting += _look_into(root, waiting.pop(), real, listing)
    if "" in listing.unreadable:
        raise DataError(listing.left_out[""])
    listing.sounds = dict(sorted(listing.sounds.items()))
    return listing


def _in_store(root: Path) -> Listing:
    """List a folder of an object store, and fetch the tables directly in it."""
    object_store.pull(root, wanted=lambda name: "/" not in name and name.lower().endswith(".csv"))
    listing = Listing()
    for path, entry in sorted(object_store.known(root).items()):
        if not _sounds(path):
            continue
        if _printable(path) == path:
            listing.sounds[path] = (entry.size_bytes, entry.modified_ns)
        else:
            listing.left_out[_printable(path)] = f"The name of {_printable(path)} is not UTF-8; rename the file."
    return listing


def _look_into(root: Path, below: str, real: str, listing: Listing) -> list[str]:
    """List what is in one folder, and return the folders in it."""
    try:
        entries = list(os.scandir(root / below))
    except OSError as error:
        listing.unreadable.append(below)
        shown = _printable(below)
        listing.left_out[shown] = f"The folder {shown or root} cannot be read: {error.strerror}."
        return []
    folders = []
    for entry in entries:
        path = below + entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            folders.append(f"{path}/")
        elif entry.is_symlink() and not is_inside(f"{os.path.realpath(entry.path)}/", real):  # may be the folder itself
            if _sounds(entry.name) or os.path.isdir(entry.path):  # noqa: PTH112 - Path's raises where it may not look
                listing.left_out[_printable(path)] = f"{_printable(path)} is a link that leads out of the folder."
        elif _sounds(entry.name):
            _take(entry, path, listing)
    return folders


def _sounds(name: str) -> bool:
    return name.lower().endswith(tuple(SUFFIXES))


def _take(entry: os.DirEntry[str], path: str, listing: Listing) -> None:
    if _printable(path) != path:
        listing.left_out[_printable(path)] = f"The name of {_printable(path)} is not UTF-8; rename the file."
        return
    try:
        if entry.is_file():
            found = entry.stat()
            listing.sounds[path] = (found.st_size, found.st_mtime_ns)
    except OSError:  # a link to nothing or to itself: not there
        return


def is_inside(path: str, root: str) -> bool:
    """Return whether a real path lies in a real folder.

    Example:
        >>> is_inside("/sounds/a.wav", "/sounds"), is_inside("/sounds2/a.wav", "/sounds")
        (True, False)
    """
    return path.startswith(root.rstrip("/") + "/")


def _printable(path: str) -> str:
    """Return a name as UTF-8 can hold it."""
    return path.encode(errors="replace").decode()
