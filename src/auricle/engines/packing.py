"""What goes to other machines, as bytes: pickles in which every path arrives as the path it is there.

A path of this working folder is sent as an absolute one; a mirror of an object store as its URL, since the cache of
another machine may be elsewhere.
"""

import io
import pickle
from pathlib import Path, PurePath
from typing import Any

from auricle.places import local, url_of


def pack(value: object) -> bytes:
    """Return a value as bytes.

    Example:
        >>> unpack(pack({"rate": 16_000, "folder": Path("/sounds")}))
        {'rate': 16000, 'folder': PosixPath('/sounds')}
    """
    packed = io.BytesIO()
    _Pickler(packed, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return packed.getvalue()


def unpack(packed: bytes) -> Any:
    """Return what `pack` was given."""
    return pickle.loads(packed)


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        if not isinstance(value, Path):
            return NotImplemented
        if url := url_of(value):
            return local, (url,)
        # What is not there may be a name that is not meant to be of this folder.
        return _path, (str(value.absolute() if value.exists() else PurePath(value)),)


def _path(text: str) -> Path:
    return Path(text)
