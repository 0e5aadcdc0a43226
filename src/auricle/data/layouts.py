"""The layouts in which a collection may come, and which one a folder has.

Tried in this order; the first that fits is taken::

    clotho    SPLIT/ beside clotho_captions_SPLIT.csv or SPLIT_captions.csv, for one split or more;
              clotho_metadata_SPLIT.csv beside them tells origins and licences
    table     sounds, in folders or not, and one CSV of captions at the top
    sounds    sounds, in folders or not, and no captions

A caption file that the configuration names makes the folder a table, whatever else is in it. In the first two layouts
the caption files say what belongs to the collection: a sound that none of them names is set aside.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from auricle.audio import SUFFIXES
from auricle.data import metadata
from auricle.data.captions import Described, find_columns, read_captions, read_header
from auricle.data.collection import Provenance, SetAside
from auricle.data.listing import Stamp, list_sounds
from auricle.errors import DataError
from auricle.progress import say

SOUNDS_SPLIT = "sounds"
"""The split of all clips of a collection without captions."""

CLOTHO_CAPTIONS = (re.compile(r"clotho_captions_(.+)\.csv"), re.compile(r"(.+)_captions\.csv"))
"""How the caption file of a split may be called; the first goes before the second."""


@dataclass(frozen=True)
class Sound:
    """A clip that nobody has looked at yet.

    Attributes:
        file: Path relative to the collection's folder.
        split: Empty if it is still to be drawn.
        file_name: As written.
        provenance: What the caption file says of it.
        captions: Number and text of each.
    """

    file: str
    split: str
    file_name: str
    provenance: Provenance
    captions: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Listed:
    """What a layout found.

    Attributes:
        sounds: Those that can become clips; no two share a file.
        stamps: Of every one of them, by file.
        set_aside: What the caption files and the folder hold besides.
    """

    sounds: list[Sound]
    stamps: dict[str, Stamp]
    set_aside: list[SetAside]


def list_collection(folder: Path, *, captions: Path | None, encoding: str) -> Listed:
    """Recognise the layout of an existing folder and list what belongs to the collection.

    Args:
        folder: Of the collection.
        captions: The caption file, if the person has named one.
        encoding: Of all caption files.

    Raises:
        DataError: If no layout fits, or a caption file is at fault as a whole.
    """
    if captions is None and (caption_files := _clotho_files(folder)):
        return _list_clotho(folder, caption_files, encoding)
    stamps = list_sounds(folder)
    if not stamps:
        raise DataError(
            f"{folder} holds no sound. Looked for Clotho's layout (development/ beside clotho_captions_development.csv "
            f"or development_captions.csv) and for sounds (wav, flac, mp3, ogg, m4a...), here and in the folders below."
        )
    table = captions or _only_table(folder, encoding)
    if table is None:
        return _list_sounds_alone(stamps)
    described, set_aside = read_captions(table, encoding=encoding)
    return _match(table.name, described, stamps, set_aside)


def _list_sounds_alone(stamps: Mapping[str, Stamp]) -> Listed:
    whole = Listed([], {}, [])
    for file, stamp in stamps.items():
        if file.isascii() or file.encode(errors="replace").decode() == file:
            whole.sounds.append(Sound(file, SOUNDS_SPLIT, file, Provenance(), ()))
            whole.stamps[file] = stamp
        else:
            whole.set_aside.append(SetAside(file, f"The name of {file!r} is not UTF-8; rename the file."))
    return whole


def _clotho_files(folder: Path) -> dict[str, Path]:
    """Return the caption file of each split that has a folder; Clotho's own name goes before the other."""
    found: dict[str, Path] = {}
    names = sorted(path.name for path in _tables(folder))
    for pattern in CLOTHO_CAPTIONS:
        for name in names:
            if (match := pattern.fullmatch(name)) and (folder / match[1]).is_dir():
                found.setdefault(match[1], folder / name)
    return found


def _list_clotho(folder: Path, caption_files: Mapping[str, Path], encoding: str) -> Listed:
    whole = Listed([], {}, [])
    for split, path in caption_files.items():
        described, set_aside = read_captions(path, encoding=encoding)
        described = _with_metadata(described, folder / metadata.FILE_NAME.format(split=split))
        stamps = list_sounds(folder / split, prefix=f"{split}/")
        part = _match(path.name, described, stamps, set_aside, split=split)
        whole.sounds.extend(part.sounds)
        whole.stamps.update(part.stamps)
        whole.set_aside.extend(part.set_aside)
    return whole


def _with_metadata(described: list[Described], path: Path) -> list[Described]:
    """Complete what captions say of sounds by what the publisher's metadata say of them, where they are there."""
    if not path.is_file():
        return described
    published = metadata.match_names(metadata.read_metadata(path), {entry.file_name for entry in described})
    return [
        replace(entry, provenance=entry.provenance.over(published[entry.file_name].provenance))
        if entry.file_name in published
        else entry
        for entry in described
    ]


def _only_table(folder: Path, encoding: str) -> Path | None:
    """Return the one CSV in `folder` that has captions, or None if there is none."""
    headers = {path: read_header(path, encoding=encoding) for path in _tables(folder)}
    tables = [path for path, header in headers.items() if find_columns(header)]
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables)
        raise DataError(
            f"{folder} has {len(tables)} caption files: {names}. Name one, as in data.captions={tables[0]}, or "
            "put each beside a folder of its name (development/ beside development_captions.csv)."
        )
    if tables:
        return tables[0]
    for path, header in headers.items():
        if "caption" in f"{path.name},{','.join(header)}".lower():
            return path  # meant as one, and reading it says what is wrong with it
        say(f"{path.name} is not a caption file (its columns: {', '.join(header)}): {folder} is taken as sounds alone.")
    return None


def _tables(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    return [path for path in paths if path.suffix.lower() == ".csv" and path.name[0] != "." and path.is_file()]


def _match(
    table: str, described: list[Described], stamps: Mapping[str, Stamp], set_aside: list[SetAside], *, split: str = ""
) -> Listed:
    """Bring together what a caption file names and what is there.

    A file is looked for at its name and, where the row gives a split, first in the folder of that name.

    Args:
        table: Name of the caption file.
        described: Its sounds.
        stamps: The files that are there.
        set_aside: Its faulty rows.
        split: The split that the whole file is about, if it is about one.
    """
    sounds: list[Sound] = []
    splits: dict[str, str] = {}
    aside = list(set_aside)
    for entry in described:
        own_split = split or entry.split
        in_folder = f"{own_split}/{entry.file_name}"
        file = in_folder if split or in_folder in stamps else entry.file_name
        said = f"Line {entry.line} of {table}"
        if file not in stamps:
            known = Path(file).suffix.lower() in SUFFIXES
            reason = f"{said} names {file}, which {'is not there' if known else 'is no sound by its ending'}."
            aside.append(SetAside(file, reason))
        elif file in splits:
            aside.append(
                SetAside(file, f"{said} puts {file} into {own_split!r}, but it is in {splits[file]!r} already.")
            )
        else:
            splits[file] = own_split
            if entry.captions:
                sounds.append(Sound(file, own_split, entry.file_name, entry.provenance, entry.captions))
    for file in stamps:
        if file not in splits:
            aside.append(SetAside(file, f"{file} has no caption in {table}."))
    return Listed(sounds, {sound.file: stamps[sound.file] for sound in sounds}, aside)
