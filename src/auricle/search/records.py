"""The nouns of an index: a sound file as it was when it was described, and its windows.

A file is known by its path inside the indexed folder; `SoundFile.record` is the identity of everything that is stored
of it, so whatever changes makes another record. A window is called ``FILE-MILLISECONDS``: the digest of its file's
path, and where it starts. Both are safe in addresses and say nothing about the disk.
"""

import re
import unicodedata
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from auricle.search.fingerprints import Fingerprints
from auricle.storage import digest_bytes, fingerprint

Vectors = NDArray[np.float32]

_FILE_DIGITS = 16
_WINDOW = re.compile(rf"([0-9a-f]{{{_FILE_DIGITS}}})-([0-9]{{1,12}})")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def file_key(path: str) -> str:
    """Return the identity of a file inside an index.

    Args:
        path: Relative to the indexed folder, with ``/`` between folders.
    """
    return digest_bytes(path.encode())[:_FILE_DIGITS]


def window_key(path: str, start_s: float) -> str:
    """Return the identity of a window inside an index.

    Example:
        >>> window_key("birds/dawn.wav", 5.0)
        'dffa836496f26273-5000'
    """
    return f"{file_key(path)}-{round(start_s * 1000)}"


def split_window_key(key: str) -> tuple[str, int] | None:
    """Return a window's file and its start in milliseconds; None of what is no window's key."""
    found = _WINDOW.fullmatch(key)
    return (found[1], int(found[2])) if found else None


def split_words(text: str) -> str:
    """Return the words of a name or a sentence with one space between them.

    Example:
        >>> split_words("field/DogBarks_03")
        'field Dog Barks 03'
    """
    return " ".join(_WORD.findall(_HUMP.sub(" ", unicodedata.normalize("NFC", text))))


@dataclass(frozen=True)
class Said:
    """What is said about a sound besides its samples; every part is empty when it is unknown.

    Attributes:
        licence: Under which it may be used.
        tags: Words.
        caption: Sentences, joined by `` | ``.
    """

    licence: str = ""
    tags: str = ""
    caption: str = ""

    def over(self, other: "Said") -> "Said":
        """Return what is known here, and from `other` what is not.

        Example:
            >>> Said(licence="CC0").over(Said(licence="unknown", tags="rain"))
            Said(licence='CC0', tags='rain', caption='')
        """
        return Said(self.licence or other.licence, self.tags or other.tags, self.caption or other.caption)


@dataclass(frozen=True)
class Stamp:
    """What tells that a file may have changed.

    Attributes:
        size_bytes: Of the file.
        modified_ns: Time of its modification, in nanoseconds.
        stated: Fingerprint of what tables beside it say of it.
    """

    size_bytes: int
    modified_ns: int
    stated: str


@dataclass(frozen=True)
class SoundFile:
    """A sound file as an index knows it.

    Attributes:
        path: Relative to the indexed folder.
        content: Digest of its bytes.
        stamp: When it was looked at.
        said: What is known about it.
        duration_s: Of what can be decoded, in seconds.
        sample_rate: In Hz.
        channels: Number of channels.
    """

    path: str
    content: str
    stamp: Stamp
    said: Said
    duration_s: float
    sample_rate: int
    channels: int

    @property
    def record(self) -> str:
        """Identity of all this."""
        return fingerprint(asdict(self))

    @property
    def words(self) -> str:
        """What a search for words looks through: the words of its path, its tags and its captions.

        Example:
            >>> nothing = Stamp(0, 0, "")
            >>> SoundFile("field/DogBarks_03.wav", "", nothing, Said(tags="park"), 1.0, 44100, 1).words
            'field Dog Barks 03 park'
        """
        name, _, suffix = self.path.rpartition(".")
        return split_words(" ".join((name or suffix, self.said.tags, self.said.caption)))


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of one sound.

    Attributes:
        starts_s: Where each begins, in seconds.
        ends_s: Where each ends.
        vectors: Their embeddings, float32 (windows, dim), of length 1.
        fingerprints: Of their samples, float16 (windows, `auricle.search.fingerprints.SIZE`).
    """

    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]
    vectors: Vectors
    fingerprints: Fingerprints


@dataclass(frozen=True)
class Row:
    """One window as it was found.

    Attributes:
        path, duration_s, sample_rate, channels, said: Of its file; see `SoundFile`.
        start_s: Where it begins, in seconds.
        end_s: Where it ends.
    """

    path: str
    start_s: float
    end_s: float
    duration_s: float
    sample_rate: int
    channels: int
    said: Said

    @property
    def key(self) -> str:
        """Identity inside the index."""
        return window_key(self.path, self.start_s)
