"""How a path is typed: as it is, or as the URL of a folder in an object store."""

from pathlib import Path

from auricle.errors import ConfigError
from auricle.places import local, url_of


def place(typed: str) -> Path:
    """Return the file or folder of this machine that is meant, or in which what is meant is mirrored."""
    return local(typed)


def place_here(typed: str) -> Path:
    """Return a path of this machine, for what renames, appends or reads at any place.

    Raises:
        ConfigError: If it is in an object store.
    """
    path = local(typed)
    if url := url_of(path):
        raise ConfigError(f"{url}: this works in folders of this machine only. Copy it here first, or to there after.")
    return path
