"""Where things are: the cache of this machine, and folders of an object store.

A folder of an object store, ``s3://bucket/sounds``, is known to all rooms as a folder of the cache that mirrors it:
``CACHE/remote/s3/bucket/sounds``. The path alone tells whose mirror it is, so no room has to know of object stores;
`auricle.storage` brings what is written there to the store, and what is read from it.
"""

import os
import re
from pathlib import Path

from auricle.errors import ConfigError

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+]*):/{1,2}(?P<rest>[^/].*)", re.DOTALL)
_SCHEMES = ("s3", "gs", "gcs", "az", "abfs", "memory")
_REMOTE = "remote"


def cache_folder() -> Path:
    """Return the folder for models and features that can be made again: ``$AURICLE_CACHE``, else the user's cache."""
    if chosen := os.environ.get("AURICLE_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "auricle"


def local(place: Path | str) -> Path:
    """Return the folder of this machine that a place is, or is mirrored in; a home folder is written out.

    Args:
        place: A path, or the URL of a folder in an object store. A URL that has been through `Path` and lost a slash
            is understood as well.

    Raises:
        ConfigError: If a part of the URL is ``.`` or ``..``, which no store knows.

    Example:
        >>> local("sounds/rain").as_posix()
        'sounds/rain'
        >>> local("s3://archive/rain").relative_to(cache_folder()).as_posix()
        'remote/s3/archive/rain'
    """
    found = _URL.fullmatch(str(place))
    if not found or found["scheme"] not in _SCHEMES:
        return Path(place).expanduser()
    parts = found["rest"].rstrip("/").split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        raise ConfigError(f"{place} names no folder of an object store; write {found['scheme']}://bucket/folder.")
    return cache_folder().absolute().joinpath(_REMOTE, found["scheme"], *parts)


def url_of(path: Path) -> str | None:
    """Return the URL that a path mirrors, None for a path that is only itself.

    Example:
        >>> url_of(local("s3://archive/rain") / "clip 1.wav")
        's3://archive/rain/clip 1.wav'
    """
    root = cache_folder().absolute() / _REMOTE
    absolute = Path(os.path.normpath(path.absolute()))
    if not absolute.is_relative_to(root):
        return None
    scheme, *rest = absolute.relative_to(root).parts or ("",)
    return f"{scheme}://{'/'.join(rest)}" if rest else None


def shown(path: Path) -> str:
    """Return a path as a person knows it: the URL of what is mirrored.

    Example:
        >>> shown(Path("sounds")), shown(local("s3://archive"))
        ('sounds', 's3://archive')
    """
    return url_of(path) or str(path)
