"""What Clotho's publisher says of each clip: which sound of Freesound it is a part of, whose, under which licence.

The files are called ``clotho_metadata_{split}.csv`` and written in Latin-1, with the columns ``file_name, keywords,
sound_id, sound_link, start_end_samples, manufacturer, license``; a sound that its site no longer has is ``Not
found``.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from auricle import tables
from auricle.data.collection import Provenance
from auricle.errors import DataError

FILE_NAME = "clotho_metadata_{split}.csv"
ENCODING = "latin-1"

_COLUMNS = ("file_name", "keywords", "sound_id", "sound_link", "manufacturer", "license")
_KINDS = (
    (re.compile(r"publicdomain/(zero|cc0)|\bCC0\b", re.IGNORECASE), "CC0"),
    (re.compile(r"licenses/(by(?:-(?:nc|nd|sa))*)/?(\d[\d.]*)?", re.IGNORECASE), "CC"),
    (re.compile(r"sampling\+", re.IGNORECASE), "Sampling+"),
)
_AND = " and "
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Metadata:
    """What is published about one clip; every part is empty when it is not known.

    Attributes:
        keywords: As its author tagged it.
        sound_id: Number of the sound on Freesound, of which the clip is a part.
        link: Its page.
        author: Who uploaded it.
        licence: Address of its licence.
    """

    keywords: tuple[str, ...] = ()
    sound_id: str = ""
    link: str = ""
    author: str = ""
    licence: str = ""

    @property
    def provenance(self) -> Provenance:
        """Where the clip came from, as a collection tells it."""
        return Provenance(origin=f"Freesound {self.sound_id}" if self.sound_id else "", licence=self.licence)


def read_metadata(path: Path) -> dict[str, Metadata]:
    """Read a metadata file.

    Returns:
        File name, as written -> what is published about it; of a name that occurs twice, the first row.

    Raises:
        DataError: If the file cannot be read, or lacks a column.
    """
    rows = tables.read_rows(path, encoding=ENCODING)
    _, header = next(rows, (0, []))
    names = [name.strip().lower() for name in header]
    if missing := [name for name in _COLUMNS if name not in names]:
        raise DataError(
            f"{path.name} lacks the column(s) {', '.join(missing)}; Clotho's metadata have {', '.join(_COLUMNS)}."
        )
    places = [names.index(name) for name in _COLUMNS]
    found: dict[str, Metadata] = {}
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(f"Line {line} of {path.name} has {len(cells)} cells where the header has {len(header)}.")
        file_name, keywords, *rest = (cells[place] for place in places)
        known = ("" if cell.strip().lower() == "not found" else cell.strip() for cell in rest)
        found.setdefault(file_name, Metadata(tuple(filter(None, map(str.strip, keywords.split(";")))), *known))
    return found


def match_names(metadata: Mapping[str, Metadata], file_names: Collection[str]) -> dict[str, Metadata]:
    """Return the metadata of each file name that has some: by its exact name, else without leading spaces.

    Clotho's metadata name a few files with a leading space that some copies of the collection have lost. What belongs
    to one file by its exact name is never given to another.

    Example:
        >>> published = {" birds.wav": Metadata(sound_id="7"), "rain.wav": Metadata(sound_id="8")}
        >>> {name: said.sound_id for name, said in match_names(published, {"birds.wav", "rain.wav", "dog.wav"}).items()}
        {'birds.wav': '7', 'rain.wav': '8'}
    """
    left = {name.lstrip(" "): said for name, said in metadata.items() if name not in file_names}
    found = {name: metadata.get(name) or left.get(name.lstrip(" ")) for name in sorted(file_names)}
    return {name: said for name, said in found.items() if said}


def licence_kind(licence: str) -> str:
    """Return the kind of a licence that is given by name or by address; others as they are.

    Example:
        >>> licence_kind("http://creativecommons.org/licenses/by-nc/3.0/"), licence_kind("CC BY 4.0"), licence_kind("")
        ('CC BY-NC 3.0', 'CC BY 4.0', 'unknown')
        >>> licence_kind("CC0 and http://creativecommons.org/licenses/by-nc/3.0/")
        'CC0 and CC BY-NC 3.0'
    """
    return _AND.join(dict.fromkeys(map(_kind, licence.split(_AND))))


def joined_licences(licences: Iterable[str]) -> str:
    """Return the licences of a clip that consists of several: all of them hold, and which is the strictest is not said.

    Example:
        >>> joined_licences(["CC BY 4.0", "CC0", "CC0"]), joined_licences(["CC0", ""]), joined_licences(["", ""])
        ('CC BY 4.0 and CC0', 'CC0 and unknown', '')
    """
    named = {licence.strip() or _UNKNOWN for licence in licences}
    return "" if named == {_UNKNOWN} else _AND.join(sorted(named))


def _kind(licence: str) -> str:
    for pattern, kind in _KINDS:
        if match := pattern.search(licence):
            return kind if kind != "CC" else f"CC {match[1].upper()} {match[2] or ''}".strip()
    return licence.strip() or _UNKNOWN
