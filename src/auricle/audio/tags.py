"""What a sound file says of itself: title, artist, comment, copyright and whatever else somebody wrote into it.

ID3, Vorbis comments, the INFO and bext chunks of wav files, the atoms of MP4 and the like: FFmpeg reads them and names
them alike.
"""

import itertools
from pathlib import Path

from auricle import object_store
from auricle.audio.ffmpeg import open_container

_MOST_TAGS = 64
_LONGEST_KEY = 64
_LONGEST_VALUE = 2000

_UNREAD = {"analyzeduration": "0", "probesize": "65536"}
"""Options of FFmpeg under which it does not decode the beginning of the sound to learn more of it."""

_NAMES = {"ikey": "keywords", "isbj": "subject"}
"""Chunks of wav files that FFmpeg leaves under their own names."""


def read_tags(path: Path) -> dict[str, str]:
    """Return what a sound file says of itself.

    Args:
        path: Any file.

    Returns:
        Key -> value; keys in lower case, values in one line and cut at 2,000 characters. Empty if nothing is said, or
        nothing can be read.
    """
    import av

    if not object_store.fetch(path):  # opening a pipe would wait for somebody to write into it
        return {}
    try:
        with open_container(path, **_UNREAD) as container:
            found = [container.metadata, *(stream.metadata for stream in container.streams.audio[:1])]
    except (av.FFmpegError, OSError, ValueError):
        return {}
    tags: dict[str, str] = {}
    for key, value in itertools.chain.from_iterable(each.items() for each in found):
        name = _line(key, _LONGEST_KEY).lower()
        line = _line(value, _LONGEST_VALUE)
        if name and line and len(tags) < _MOST_TAGS:
            tags.setdefault(_NAMES.get(name, name), line)
    return tags


def _line(text: str, longest: int) -> str:
    r"""Return text in one line without control characters, cut.

    FFmpeg hands on what is no UTF-8, as in ID3v1 and INFO, byte by byte; it is nearly always Windows-1252.

    Example:
        >>> _line("Caf\udce9\nau\x00  lait", 9)
        'Café au l'
    """
    text = text[: 4 * longest]
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:longest].strip()
